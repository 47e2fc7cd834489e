import type { Databases } from '../databases'
import type { Unit } from '../report/measurement'
import type { Teardown } from '../teardown'

/**
 * One of the two compared builds. A case uses public interfaces alone: the command line, environment variables, HTTP and
 * the printed addresses. Tables, files and modules of the two builds may differ.
 */
export interface Side {
  name: string
  /** path of the built `hookgate.js` */
  program: string
  databases: Databases
  teardown: Teardown
}

/** Measures a side once and returns a value in the unit of the case. */
export type Measure = () => Promise<number>

export interface PairedCase {
  unit: Unit
  /** Creates everything that all measurements of a side share, such as a database to copy. */
  prepare(side: Side): Promise<Measure>
}
