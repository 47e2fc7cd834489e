import { shareWaitingForLocks } from '../../database/backends'
import { limit, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { ENDPOINTS, publish } from '../deliveries/published'
import { driveWorkers } from '../deliveries/workers'
import { startReceiver } from '../receiver'

const WORKERS = 6
const LOOK_EVERY_MS = 20
const WAITING_MAX_PERCENT = 5

/** How many of the busy connections wait for a lock, while several processes record attempts of the same endpoints. */
export async function recorders(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startReceiver(teardown)
  progress(`recorders: publishing ${plan.events} events for ${ENDPOINTS} endpoints`)
  const published = await publish(run, receiver)
  const waiting: number[] = []
  for (let round = 1; round <= plan.engineRounds; round += 1) {
    progress(`recorders: round ${round} of ${plan.engineRounds}, ${WORKERS} workers`)
    const watch = async (database: string, isDone: () => boolean) => {
      waiting.push((await shareWaitingForLocks(database, { everyMs: LOOK_EVERY_MS, isDone })) * 100)
    }
    await driveWorkers(run, { receiver, published, workers: WORKERS, watch })
  }
  await receiver.stop()
  const load = `${WORKERS} workers, ${ENDPOINTS} endpoints`
  const row = measured(['busy connections that wait for a lock', 'gateway', load], {
    unit: '%',
    rounds: waiting,
  })
  limit(row, { most: WAITING_MAX_PERCENT })
  return [row]
}
