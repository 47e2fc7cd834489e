import type { Databases } from './databases'
import type { Plan } from './plan'
import type { Measurement } from './report/measurement'
import type { Teardown } from './teardown'

/** What every case works with. */
export interface Run {
  plan: Plan
  databases: Databases
  teardown: Teardown
  /** folder that the gateway's CPU profiles are written to; undefined = it is not profiled */
  profileFolder: string | undefined
  /** A line about what is being done, for whoever waits. */
  say(line: string): void
}

export type Case = (run: Run) => Promise<Measurement[]>

/** The options of Node.js under which the gateway is profiled. */
export const profiling = ({ profileFolder }: Run) =>
  profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]
