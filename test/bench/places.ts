import { join } from 'node:path'

/** The repository; this file is compiled to test/bench/dist/test/bench/. */
const REPOSITORY = join(__dirname, '../../../../..')

/** The command line as it is shipped, which `npm run bench` has built. */
export const MAIN = join(REPOSITORY, 'dist/bundle/hookgate.js')

/** What the figures are written to. */
export const DOCUMENT = join(REPOSITORY, 'docs/benchmarks.md')

/** A yardstick's program. */
export const yardstickProgram = (name: string) => join(__dirname, 'yardsticks', `${name}.js`)
