import { switchAutovacuumOff } from '../../database/tables'
import { compare, type Measurement, measured } from '../../report/measurement'
import type { Case, Run } from '../../run'
import {
  analyze,
  deliverSome,
  emptyQueue,
  publishAtOnce,
  rateBetween,
  readRecords,
  whileDelivering,
} from '../deliveries/backlog'
import { WARM_UP } from '../deliveries/published'
import { type Receiver, startReceiver } from '../receiver'

const RATIO_MIN = 0.8
/** A slow queue is measured by what it has done until then. */
const WITHIN_MS = 60_000

/**
 * Deliveries per second from a large queue whose statistics were collected while it was empty, compared with a small queue
 * whose statistics are right. Both gateways have delivered before, so that they keep plans of then.
 *
 * @param form which of the plan's sizes
 */
export const staleStatistics =
  (form: 'small' | 'large'): Case =>
  async (run) => {
    const { plan, progress, teardown } = run
    const pending = plan.stalePending[form]
    const receiver = await startReceiver(teardown)
    const template = await emptyQueue(run, receiver)
    const rates = { fresh: [] as number[], stale: [] as number[] }
    for (let round = 1; round <= plan.engineRounds; round += 1) {
      progress(`stale-statistics: round ${round} of ${plan.engineRounds}, ${pending} pending`)
      const drive = (isStale: boolean) => rateOf(run, { receiver, template, isStale, pending })
      rates.fresh.push(await drive(false))
      rates.stale.push(await drive(true))
    }
    await receiver.stop()
    return measurements(plan.events * 20, pending, rates)
  }

function measurements(
  measuredCount: number,
  pending: number,
  { fresh, stale }: { fresh: number[]; stale: number[] },
): Measurement[] {
  const of = (count: number) => `${count.toLocaleString('en-US')} pending`
  const quantity = 'deliveries, recorded'
  const yardstick = measured([quantity, 'fresh statistics', of(measuredCount)], { unit: '/s', rounds: fresh })
  const measurement = measured([quantity, 'stale statistics', of(pending)], { unit: '/s', rounds: stale })
  compare(measurement, yardstick, { least: RATIO_MIN })
  return [measurement, yardstick]
}

interface Drive {
  receiver: Receiver
  template: Awaited<ReturnType<typeof emptyQueue>>
  isStale: boolean
  pending: number
}

async function rateOf(run: Run, { receiver, template, isStale, pending }: Drive): Promise<number> {
  const counted = run.plan.events * 20
  const rate = await whileDelivering(run, template, async (delivering) => {
    const { database, client } = delivering
    if (isStale) await switchAutovacuumOff(database)
    await deliverSome(delivering)
    await analyze(database)
    await deliverSome(delivering)
    if (isStale) await publishAtOnce(delivering, pending)
    else await publishAtOnce(delivering, counted, () => client.query('ANALYZE'))
    const readings = await readRecords(delivering, counted, WITHIN_MS)
    return rateBetween(readings, counted * WARM_UP, counted)
  })
  await receiver.receipts()
  return rate
}
