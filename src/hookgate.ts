#!/usr/bin/env node
import nodeModule from 'node:module'

// From Node 22 on, what has been compiled is kept for the next start (in the system's folder for temporary files). Said
// before the program is loaded, for it counts from then on.
const { enableCompileCache } = nodeModule as { enableCompileCache?: () => unknown }
enableCompileCache?.()
void import('./main.js')
