import { join } from 'node:path'

/** The repository's folder; this file is compiled to test/bench/dist/test/bench/. */
export const REPOSITORY = join(__dirname, '../../../../..')

/** The published command line, which `npm run bench` has built. */
export const MAIN = join(REPOSITORY, 'dist/bundle/hookgate.js')

/** The documents with the figures. */
export const DOCUMENTS = {
  benchmarks: join(REPOSITORY, 'docs/benchmarks.md'),
  scaling: join(REPOSITORY, 'docs/scaling.md'),
}

/** The compiled program of a yardstick. */
export const yardstickProgram = (name: string) => join(__dirname, 'yardsticks', `${name}.js`)
