import { connected } from '../../databases'
import { compare, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import {
  deliverSome,
  emptyQueue,
  publishAtOnce,
  rateBetween,
  readRecords,
  whileDelivering,
} from '../deliveries/backlog'
import { startReceiver } from '../receiver'

const RATIO_MIN = 0.7
/** Share of the deliveries before the first tenth, and after the last one: at the end of a queue there is less to do at once. */
const MARGIN = 0.05
const WITHIN_MS = 180_000

/** Deliveries per second at the beginning and at the end of a time in which a snapshot, such as a backup's, is held open. */
export async function openSnapshot(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startReceiver(teardown)
  const template = await emptyQueue(run, receiver)
  const rates = { first: [] as number[], last: [] as number[] }
  const count = plan.snapshotDeliveries
  for (let round = 1; round <= plan.engineRounds; round += 1) {
    progress(`open-snapshot: round ${round} of ${plan.engineRounds}, ${count} deliveries`)
    const readings = await whileDelivering(run, template, async (delivering) => {
      await deliverSome(delivering)
      return connected(delivering.database, async (holder) => {
        await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM event_types')
        await publishAtOnce(delivering, count * (1 + 2 * MARGIN))
        return readRecords(delivering, count * (1 + MARGIN), WITHIN_MS)
      })
    })
    await receiver.receipts()
    rates.first.push(rateBetween(readings, count * MARGIN, count * (MARGIN + 0.1)))
    rates.last.push(lastTenth(readings, count))
  }
  await receiver.stop()
  const quantity = 'deliveries, recorded'
  const load = `a snapshot open for ${count.toLocaleString('en-US')} deliveries`
  const first = measured([quantity, 'first tenth', load], { unit: '/s', rounds: rates.first })
  const last = measured([quantity, 'last tenth', load], { unit: '/s', rounds: rates.last })
  compare(last, first, { least: RATIO_MIN })
  return [last, first]
}

/** The rate of the last tenth; of the last tenth that was reached, when the time was over before. */
function lastTenth(readings: Awaited<ReturnType<typeof readRecords>>, count: number): number {
  const reached = (readings.at(-1)?.recorded ?? 0) - (readings[0]?.recorded ?? 0)
  const end = Math.min(reached, count * (1 + MARGIN))
  return rateBetween(readings, end - count / 10, end)
}
