#!/usr/bin/env node
import nodeModule from 'node:module'

// From Node 22 on, compiled code is kept for the next start, in the system's folder for temporary files. The call comes
// first because it affects only code that is loaded later.
const { enableCompileCache } = nodeModule as { enableCompileCache?: () => unknown }
enableCompileCache?.()
void import('./main.js')
