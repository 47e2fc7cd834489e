import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from './package-folder'

/** The version of the package, which receivers read in User-Agent. */
export const version: string = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')).version
