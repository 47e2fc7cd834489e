import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The version of the package, as receivers see it in User-Agent. */
export const version: string = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')).version
