import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { countDeliveries } from '../../database/tables'
import { connected } from '../../databases'
import { startGateway } from '../../processes'
import { limit, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { endpointTemplate } from '../endpoints'
import { POST_CREATED, publishPosts } from '../posts'
import { type LimitedReceipts, startLimitedReceiver } from './limited-receiver'

const PER_SECOND = 2
/** Endpoints at the same time, each with a limit of its own: one round each. */
const RECEIVERS = 3
/** The gateway finds the rate in this time. */
const SETTLE_MS = 10_000
const POLL_MS = 500
const USED_MIN_PERCENT = 80
const REFUSED_MAX_PERCENT = 15
/** How much longer than the limit of the receiver alone a queue may take before it is given up. */
const PATIENCE = 2

/** Events that are all published at once, for receivers that allow few requests a second. */
export async function rateLimited(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startLimitedReceiver(teardown, PER_SECOND)
  const paths = Array.from({ length: RECEIVERS }, (_, index) => `/hook/${index + 1}`)
  const targets = paths.map((path) => `${receiver.url}${path}`)
  const { database } = await endpointTemplate(run, { targets, events: [POST_CREATED] })
  const gateway = await startGateway({ DATABASE_URL: database }, teardown)
  const events = plan.limitedEvents
  const longestMs = (events / PER_SECOND) * 1_000 * PATIENCE + SETTLE_MS
  progress(`rate-limited: ${events} events for ${RECEIVERS} receivers, for at most ${longestMs / 1_000} s`)
  await publishPosts(gateway.url, events)
  const startedAt = performance.now()
  const delivered = await connected(database, (client) => untilDelivered(client, events, longestMs))
  await gateway.stop()

  const receipts = paths.map((path) => receiver.receipts(path))
  const load = `${events} events at once, ${PER_SECOND} requests/s allowed`
  const row = (quantity: string, rounds: number[]) =>
    measured([quantity, 'gateway', load], { unit: '%', rounds })
  const rows = [
    row(
      'delivered',
      delivered.map((count) => (count / events) * 100),
    ),
    row(
      'used of the allowed rate',
      receipts.map((each) => usedPercent(each, startedAt + SETTLE_MS)),
    ),
    row('refused sends', receipts.map(refusedPercent)),
  ] as const
  limit(rows[0], { least: 100 })
  limit(rows[1], { least: USED_MIN_PERCENT })
  limit(rows[2], { most: REFUSED_MAX_PERCENT })
  return [...rows]
}

/** Waits until everything is delivered, or for so long. Returns the number of delivered ones for each endpoint. */
async function untilDelivered(client: Client, events: number, withinMs: number): Promise<number[]> {
  const ids = Array.from({ length: RECEIVERS }, (_, index) => index + 1)
  const until = performance.now() + withinMs
  for (;;) {
    const counts: number[] = []
    for (const id of ids) counts.push(await countDeliveries(client, id, 'DELIVERED'))
    if (performance.now() > until || counts.every((count) => count === events)) return counts
    await sleep(POLL_MS)
  }
}

/** Of the time from an instant until the last accepted request, the share of the allowed rate that was used. */
function usedPercent({ accepted }: LimitedReceipts, from: number): number {
  const counted = accepted.filter((at) => at >= from)
  const allowed = (((accepted.at(-1) ?? from) - from) / 1_000) * PER_SECOND
  return allowed > 0 ? (counted.length / allowed) * 100 : 0
}

const refusedPercent = ({ accepted, refused }: LimitedReceipts) =>
  (refused / (accepted.length + refused)) * 100
