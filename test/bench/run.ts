import type { Databases } from './databases'
import type { Plan } from './plan'
import type { Launch } from './processes'
import type { Measurement } from './report/measurement'
import type { Teardown } from './teardown'

/** The environment of every case. */
export interface Run {
  plan: Plan
  databases: Databases
  teardown: Teardown
  /** folder for the gateway's CPU profiles; undefined = no profiles */
  profileFolder: string | undefined
  /** Prints a line about the progress. */
  progress(line: string): void
}

export type Case = (run: Run) => Promise<Measurement[]>

/** Starts the gateway under Node's CPU profiler when the run wants profiles. */
export const profiling = ({ profileFolder }: Run): Launch =>
  profileFolder === undefined ? {} : { nodeOptions: ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] }
