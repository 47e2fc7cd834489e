import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { signedHeaders } from '../../../src/delivery/sending/signature'
import { inParallel } from '../api'
import { connected, query } from '../databases'
import { startGateway, startYardstick } from '../processes'
import { compare, type Measurement, measured } from '../report/measurement'
import { profiling, type Run } from '../run'
import type { Sample } from '../yardsticks/receiver'
import type { LoopResult, LoopTask, Signed } from '../yardsticks/undici-loop'
import { endpointTemplate, type Template } from './endpoints'
import { POST_CREATED, publishPosts, revealSecrets } from './posts'
import { elapsedMs, type Receiver, startReceiver } from './receiver'

/** 20 lanes of 10 fill the 200 concurrent sends that a process has by default. */
export const ENDPOINTS = 20
const LANE_CONCURRENCY = 10
const REPLICAS = [2, 4]
const POLL_MS = 50
/** Share of all deliveries before the measurement starts, so that V8 has compiled the code. */
const WARM_UP = 0.2
const DELIVERED_WITHIN_MS = 60_000

/** A database with events that wait for a worker, and the content of their deliveries. */
interface Published extends Template {
  /** signing secrets by endpoint */
  secrets: Map<number, string>
  /** in the order of publishing */
  events: { id: string; body: string }[]
}

/** Deliveries per second that are sent and recorded, compared with a loop that only sends. */
export async function deliveries(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startReceiver(teardown)
  progress(`deliveries: publishing ${plan.events} events for ${ENDPOINTS} endpoints`)
  const published = await publish(run, receiver)

  const loop: number[] = []
  const worker: Rates[] = []
  const replicas = new Map<number, Rates[]>(REPLICAS.map((count) => [count, []]))
  for (let round = 1; round <= Math.max(plan.deliveryRounds, plan.replicaRounds); round += 1) {
    progress(`deliveries: round ${round}`)
    if (round <= plan.deliveryRounds) {
      loop.push(await driveLoop(run, receiver, published))
      worker.push(await driveWorkers(run, { receiver, published, workers: 1 }))
    }
    if (round > plan.replicaRounds) continue
    for (const workers of REPLICAS) {
      replicas.get(workers)?.push(await driveWorkers(run, { receiver, published, workers }))
    }
  }
  await receiver.stop()
  return measurements({ loop, worker, replicas })
}

interface Results {
  loop: number[]
  worker: Rates[]
  replicas: Map<number, Rates[]>
}

function measurements({ loop, worker, replicas }: Results): Measurement[] {
  const load = (workers: number) =>
    workers === 1 ? '200 in flight, 1 worker' : `${workers} workers, none sent twice`
  const recorded = (rates: Rates[], workers: number) =>
    measured(['deliveries, recorded', 'gateway', load(workers)], {
      unit: '/s',
      rounds: rates.map((rate) => rate.recorded),
    })
  const bare = measured(['deliveries', 'undici-loop', '200 in flight'], { unit: '/s', rounds: loop })
  const one = recorded(worker, 1)
  compare(one, bare, { least: 0.5 })
  const several = REPLICAS.map((count) => recorded(replicas.get(count) ?? [], count))
  for (const measurement of several) compare(measurement, { ...one, system: '1 worker' })
  const received = measured(['deliveries, received', 'gateway', load(1)], {
    unit: '/s',
    rounds: worker.map((rate) => rate.received),
  })
  compare(received, bare)
  return [one, received, bare, ...several]
}

/** Publishes the events through the API while no worker runs. */
async function publish(run: Run, receiver: Receiver): Promise<Published> {
  let secrets = new Map<number, string>()
  const template = await endpointTemplate(run, {
    targets: Array.from({ length: ENDPOINTS }, (_, index) => `${receiver.url}/hook/${index + 1}`),
    events: [POST_CREATED],
    async prepare(url) {
      secrets = await revealSecrets(url, ENDPOINTS)
      await publishPosts(url, run.plan.events)
    },
  })
  // The endpoints stay off until the workers have started: the start is not part of the measurement.
  await query(template.database, 'UPDATE endpoints SET is_active = false')
  const events = await query<{ id: string; body: string }>(
    template.database,
    'SELECT id, body FROM events ORDER BY id',
  )
  await query(template.database, 'VACUUM ANALYZE')
  return { ...template, secrets, events }
}

/** In deliveries per second, after the warm-up. */
interface Rates {
  recorded: number
  received: number
}

interface Drive {
  receiver: Receiver
  published: Published
  /** number of worker processes */
  workers: number
}

/** @throws Error when a delivery is sent twice, or is recorded as anything but delivered */
async function driveWorkers(run: Run, { receiver, published, workers }: Drive): Promise<Rates> {
  const expected = published.events.length * ENDPOINTS
  const database = await run.databases.create(published.database)
  const processes = await inParallel(
    Array.from({ length: workers }),
    () => startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'worker' }, run.teardown, profiling(run)),
    workers,
  )
  await receiver.receipts()
  await query(
    database,
    `UPDATE endpoints SET is_active = true; INSERT INTO lane_wakes (endpoint_id) SELECT id FROM endpoints;
    NOTIFY hookgate_due, ''`,
  )
  const { warmUp, warm, whole } = await connected(database, async (client) => {
    const warm = await recorded(client, expected * WARM_UP)
    const warmUp = await receiver.receipts()
    return { warmUp, warm, whole: await recorded(client, expected) }
  })
  const receipts = await receiver.receipts()
  await Promise.all(processes.map((process) => process.stop()))
  const [record] = await query<{ attempts: number; delivered: number }>(
    database,
    `SELECT (SELECT count(*)::int FROM attempts WHERE response_status = 200 AND error IS NULL) AS attempts,
      (SELECT count(*)::int FROM deliveries WHERE status = 'DELIVERED' AND attempt_count = 1) AS delivered`,
  )
  await run.databases.drop(database)
  const duplicates = warmUp.duplicates + receipts.duplicates
  const counts = { ...record, received: warmUp.count + receipts.count, duplicates }
  if (Object.entries(counts).some(([name, value]) => value !== (name === 'duplicates' ? 0 : expected))) {
    throw new Error(`${expected} deliveries by ${workers} workers led to ${JSON.stringify(counts)}`)
  }
  checkSample(receipts.sample, published)
  return {
    recorded: ((whole.count - warm.count) / elapsedMs(warm.at, whole.at)) * 1_000,
    received: (receipts.count / elapsedMs(receipts.firstAt, receipts.lastAt)) * 1_000,
  }
}

/** Waits until so many attempts are recorded. Returns how many there are then, and the instant. */
async function recorded(client: Client, count: number): Promise<{ count: number; at: bigint }> {
  const until = performance.now() + DELIVERED_WITHIN_MS
  while (performance.now() < until) {
    // A cheap statement, because the server shares the cores with the system under measurement.
    const { rows } = await client.query(
      'SELECT coalesce(sum(count), 0)::integer AS count FROM attempt_counts',
    )
    if (rows[0].count >= count) return { count: rows[0].count, at: process.hrtime.bigint() }
    await sleep(POLL_MS)
  }
  throw new Error(`${count} deliveries were not recorded within ${DELIVERED_WITHIN_MS / 1_000} s`)
}

/** Compares the first webhook of a drive byte by byte: the body of an event, and the signature of its endpoint. */
function checkSample(sample: Sample | undefined, { secrets, events }: Published): void {
  const secret = secrets.get(Number(sample?.path.split('/').at(-1)))
  const eventId = String(sample?.headers['webhook-id']).replace('evt_', '')
  const event = events.find(({ id }) => id === eventId)
  const isGood =
    sample !== undefined &&
    secret !== undefined &&
    event?.body === sample.body &&
    sample.headers['webhook-signature'] ===
      sign(secret, event, Number(sample.headers['webhook-timestamp']))['webhook-signature']
  if (!isGood) throw new Error(`A webhook is wrong: ${JSON.stringify(sample)}`)
}

const sign = (secret: string, event: { id: string; body: string }, timestampSeconds: number) =>
  signedHeaders({
    headerName: 'SelfCommunity-Signature',
    secrets: [secret],
    eventId: event.id,
    timestampSeconds,
    body: event.body,
  })

/** Sends the same bodies, signed beforehand. */
async function driveLoop(run: Run, receiver: Receiver, { events, secrets }: Published): Promise<number> {
  const now = Math.floor(Date.now() / 1_000)
  const loop = await startYardstick('undici-loop', {}, run.teardown)
  const send = async (portion: Published['events']) => {
    const lanes = [...secrets].map(([endpointId, secret]) =>
      portion.map((event): Signed => {
        const headers = { 'content-type': 'application/json', ...sign(secret, event, now) }
        return { path: `/hook/${endpointId}`, headers, body: event.body }
      }),
    )
    await receiver.receipts()
    const done = once(loop.process, 'message')
    const task: LoopTask = { origin: receiver.url, lanes, laneConcurrency: LANE_CONCURRENCY }
    loop.process.send(task)
    const [result] = (await done) as [LoopResult]
    const { count, duplicates, firstAt, lastAt } = await receiver.receipts()
    const expected = portion.length * ENDPOINTS
    if (count !== expected || result.answered !== expected || duplicates > 0) {
      throw new Error(`undici-loop sent ${expected}: ${count} arrived, ${result.answered} were answered`)
    }
    return (expected / elapsedMs(firstAt, lastAt)) * 1_000
  }
  const warm = Math.ceil(events.length * WARM_UP)
  await send(events.slice(0, warm))
  const rate = await send(events.slice(warm))
  await loop.stop()
  return rate
}
