import { residentMb, sample } from '../../support/process-stats'
import type { Running } from '../processes'

/** Reads the resident memory of a process, in MB, while something is done. The action gets the values so far. */
export async function whileReadingMemory<Result>(
  { process }: Running,
  everyMs: number,
  act: (values: number[]) => Promise<Result>,
): Promise<{ result: Result; values: number[] }> {
  const { values, end } = sample(() => residentMb(process.pid ?? 0), everyMs)
  try {
    return { result: await act(values), values }
  } finally {
    end()
  }
}
