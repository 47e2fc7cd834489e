import { setTimeout as sleep } from 'node:timers/promises'
import {
  bytesOfRow,
  type Costs,
  costsOfEach,
  functionMs,
  readCosts,
  trackFunctions,
} from '../../database/costs'
import { recordedAttempts } from '../../database/tables'
import { connected } from '../../databases'
import { startGateway } from '../../processes'
import { type Measurement, measured, type Unit } from '../../report/measurement'
import type { Run } from '../../run'
import { endpointTemplate } from '../endpoints'
import { POST_CREATED, publishPosts } from '../posts'
import { type Receiver, startReceiver } from '../receiver'

/** Receivers of an event, in the two measurements whose difference is the cost of a receiver. */
const FEW = 1
const MANY = 21
/** Share of the events that are published before the measurement, so that V8 has compiled the code. */
const WARM_UP = 0.25
const DELIVERED_WITHIN_MS = 240_000
const POLL_MS = 100
/** Sessions report their statistics at most once a second. */
const REPORTED_AFTER_MS = 2_000

/** What an event, a receiver of it, and a delivery cost: CPU of the server and of the gateway, log of writes, bytes on disk. */
export async function costs(run: Run): Promise<Measurement[]> {
  const { progress, teardown } = run
  const receiver = await startReceiver(teardown)
  progress(`costs: ${run.plan.events} events for ${FEW} and for ${MANY} receivers`)
  const few = await publishFor(run, receiver, FEW)
  const many = await publishFor(run, receiver, MANY)
  const receivers = MANY - FEW
  const perReceiver = costsOfEach(few.costs, many.costs, receivers)
  const perEvent = costsOfEach(scaled(perReceiver, FEW), few.costs, 1)
  progress(`costs: ${run.plan.events * MANY} deliveries`)
  const delivered = await deliver(run, receiver, many.database)
  await receiver.stop()
  return [
    ...rows('publish', 'one event', perEvent),
    ...rows('publish', 'for each receiver', perReceiver),
    ...rows('deliver', 'claim, send, record', delivered.costs),
    row('claim_deliveries', 'share of both functions', delivered.claimShare * 100, '%'),
    ...(
      await Promise.all(
        ['events', 'ended_deliveries', 'attempts'].map((table) => diskRows(many.database, table)),
      )
    ).flat(),
  ]
}

const scaled = (costs: Costs, factor: number): Costs =>
  costsOfEach({ serverUs: 0, gatewayUs: 0, walBytes: 0, commits: 0 }, costs, 1 / factor)

const row = (quantity: string, load: string, value: number, unit: Unit) =>
  measured([quantity, 'gateway', load], { unit, rounds: [value] })

const rows = (quantity: string, load: string, { serverUs, gatewayUs, walBytes, commits }: Costs) => [
  row(`${quantity}: CPU of PostgreSQL`, load, serverUs, 'µs'),
  row(`${quantity}: CPU of the gateway`, load, gatewayUs, 'µs'),
  row(`${quantity}: WAL`, load, walBytes, 'B'),
  row(`${quantity}: transactions`, load, commits, 'ratio'),
]

async function diskRows(database: string, table: string): Promise<Measurement[]> {
  const { whole, indexes } = await bytesOfRow(database, table)
  return [
    row(`row of ${table}`, 'on disk', whole, 'B'),
    row(`row of ${table}`, 'of these its indexes', indexes, 'B'),
  ]
}

/** Publishes events by REST, 16 at a time, while no worker runs. */
async function publishFor(run: Run, receiver: Receiver, receivers: number) {
  const targets = Array.from({ length: receivers }, (_, index) => `${receiver.url}/hook/${index + 1}`)
  const { database } = await endpointTemplate(run, { targets, events: [POST_CREATED] })
  const api = await startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'api' }, run.teardown)
  const warm = Math.round(run.plan.events * WARM_UP)
  const measuredEvents = run.plan.events - warm
  await publishPosts(api.url, warm)
  await sleep(REPORTED_AFTER_MS)
  const before = await readCosts(database, api.process.pid ?? 0)
  await publishPosts(api.url, measuredEvents)
  await sleep(REPORTED_AFTER_MS)
  const after = await readCosts(database, api.process.pid ?? 0)
  await api.stop()
  return { database, costs: costsOfEach(before, after, measuredEvents) }
}

/** Delivers everything that was published, by one worker. */
async function deliver(run: Run, receiver: Receiver, database: string) {
  const expected = run.plan.events * MANY
  await trackFunctions(database)
  const worker = await startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'worker' }, run.teardown)
  const pid = worker.process.pid ?? 0
  const warm = await untilRecorded(database, expected * WARM_UP)
  const before = await readCosts(database, pid)
  const whole = await untilRecorded(database, expected)
  const after = await readCosts(database, pid)
  await sleep(REPORTED_AFTER_MS)
  const [claim, record] = [
    await functionMs(database, 'claim_deliveries'),
    await functionMs(database, 'record_attempts'),
  ]
  await worker.stop()
  const { count, duplicates } = await receiver.receipts()
  if (count !== expected || duplicates > 0) throw new Error(`${count} of ${expected} webhooks arrived`)
  return { costs: costsOfEach(before, after, whole - warm), claimShare: claim / (claim + record) }
}

async function untilRecorded(database: string, count: number): Promise<number> {
  return connected(database, async (client) => {
    const until = performance.now() + DELIVERED_WITHIN_MS
    while (performance.now() < until) {
      const recorded = await recordedAttempts(client)
      if (recorded >= count) return recorded
      await sleep(POLL_MS)
    }
    throw new Error(`${count} deliveries were not recorded within ${DELIVERED_WITHIN_MS / 1_000} s`)
  })
}
