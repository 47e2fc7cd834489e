import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { signedHeaders } from '../../../src/delivery/sending/signature'
import { inParallel, rest } from '../api'
import { connected, query } from '../databases'
import { startGateway, startYardstick } from '../processes'
import { compare, type Measurement, measured } from '../report/measurement'
import { profiling, type Run } from '../run'
import type { LoopResult, LoopTask, Signed } from '../yardsticks/undici-loop'
import { endpointTemplate, type Template } from './endpoints'
import { elapsedMs, type Receiver, startReceiver } from './receiver'

/** 20 lanes of 10 fill the 200 sends that a process has under way at most by default. */
const ENDPOINTS = 20
const LANE_CONCURRENCY = 10
const EVENT_TYPE = 'post.created'
const REPLICAS = [2, 4]
const POLL_MS = 50
/** Of all deliveries, before anything counts: what runs for the first time is compiled, as it is for requests. */
const WARM_UP = 0.2
const DELIVERED_WITHIN_MS = 60_000

/** A database with events that wait for a worker, and what they will look like to the receiver. */
interface Published extends Template {
  /** signing secrets by endpoint */
  secrets: Map<number, string>
  /** in the order of publishing */
  events: { id: string; body: string }[]
}

/** How many deliveries a second are sent and recorded, against a loop that does nothing but send. */
export async function deliveries(run: Run): Promise<Measurement[]> {
  const { plan, say, teardown } = run
  const receiver = await startReceiver(teardown)
  say(`deliveries: publishing ${plan.events} events for ${ENDPOINTS} endpoints`)
  const published = await publish(run, receiver)

  const loop: number[] = []
  const worker: Rates[] = []
  const replicas = new Map<number, Rates[]>(REPLICAS.map((count) => [count, []]))
  for (let round = 1; round <= Math.max(plan.deliveryRounds, plan.replicaRounds); round += 1) {
    say(`deliveries: round ${round}`)
    if (round <= plan.deliveryRounds) {
      loop.push(await driveLoop(run, receiver, published))
      worker.push(await driveWorkers(run, receiver, published, 1))
    }
    if (round > plan.replicaRounds) continue
    for (const count of REPLICAS) {
      replicas.get(count)?.push(await driveWorkers(run, receiver, published, count))
    }
  }
  await receiver.stop()

  const under = (workers: number) =>
    workers === 1 ? '200 under way, 1 worker' : `${workers} workers, none sent twice`
  const bare = measured(['deliveries', 'undici-loop', '200 under way'], '/s', loop)
  const recorded = (rates: Rates[], workers: number) =>
    measured(
      ['deliveries, recorded', 'gateway', under(workers)],
      '/s',
      rates.map(({ recorded }) => recorded),
    )
  const one = recorded(worker, 1)
  compare(one, bare, { least: 0.5 })
  const several = REPLICAS.map((count) => recorded(replicas.get(count) ?? [], count))
  for (const measurement of several) compare(measurement, { ...one, by: '1 worker' })
  const received = measured(
    ['deliveries, received', 'gateway', under(1)],
    '/s',
    worker.map(({ received }) => received),
  )
  compare(received, bare)
  return [one, received, bare, ...several]
}

/** The worker is off while the events are published by the API, as they come in from a product. */
async function publish(run: Run, receiver: Receiver): Promise<Published> {
  const secrets = new Map<number, string>()
  const targets = Array.from({ length: ENDPOINTS }, (_, index) => `${receiver.url}/hook/${index + 1}`)
  const given = { targets, events: [EVENT_TYPE] }
  const template = await endpointTemplate(run.databases, run.teardown, given, async (url) => {
    for (let id = 1; id <= ENDPOINTS; id += 1) {
      const path = `endpoint/${id}/secret/reveal/`
      const revealed = await rest<{ signing_secret: string }>(url, 'POST', path, {})
      secrets.set(id, revealed.signing_secret)
    }
    const numbers = Array.from({ length: run.plan.events }, (_, number) => number)
    await inParallel(numbers, (number) =>
      rest(url, 'POST', 'event/', { type: EVENT_TYPE, data: post(number) }),
    )
  })
  // Held back until the workers are up: what is measured is their work, not their start.
  await query(template.database, 'UPDATE endpoints SET is_active = false')
  const events = await query<{ id: string; body: string }>(
    template.database,
    'SELECT id, body FROM events ORDER BY id',
  )
  await query(template.database, 'VACUUM ANALYZE')
  return { ...template, secrets, events }
}

const post = (number: number) => ({
  id: number,
  author: { id: 7, username: 'ada', avatar: 'https://cdn.example.com/avatars/7.png' },
  title: `Post number ${number}`,
  text: 'Webhooks tell other systems what has happened here, as soon as it has.'.repeat(3),
  categories: [1, 2, 3],
})

/** In deliveries per second, once warmed up. */
interface Rates {
  /** put on record */
  recorded: number
  /** arrived */
  received: number
}

/** @throws Error when anything was sent twice, or is on record as anything but delivered */
async function driveWorkers(
  run: Run,
  receiver: Receiver,
  published: Published,
  workers: number,
): Promise<Rates> {
  const expected = published.events.length * ENDPOINTS
  const database = await run.databases.create(published.database)
  const processes = await inParallel(
    Array.from({ length: workers }),
    () => startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'worker' }, run.teardown, profiling(run)),
    workers,
  )
  await receiver.receipts()
  await query(database, "UPDATE endpoints SET is_active = true; NOTIFY hookgate_due, ''")
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
    throw new Error(`${expected} deliveries by ${workers} workers became ${JSON.stringify(counts)}`)
  }
  checkSample(receipts.sample, published)
  return {
    recorded: ((whole.count - warm.count) / elapsedMs(warm.at, whole.at)) * 1_000,
    received: (receipts.count / elapsedMs(receipts.firstAt, receipts.lastAt)) * 1_000,
  }
}

/** Waits until so many are on record, and answers how many are, and when. Asks for little: it shares the cores. */
async function recorded(client: Client, count: number): Promise<{ count: number; at: bigint }> {
  const givenUpAt = performance.now() + DELIVERED_WITHIN_MS
  while (performance.now() < givenUpAt) {
    const { rows } = await client.query(
      'SELECT coalesce(sum(count), 0)::integer AS count FROM attempt_counts',
    )
    if (rows[0].count >= count) return { count: rows[0].count, at: process.hrtime.bigint() }
    await sleep(POLL_MS)
  }
  throw new Error(`${count} deliveries were not on record within ${DELIVERED_WITHIN_MS / 1_000} s`)
}

type Sample = { path: string; headers: NodeJS.Dict<string | string[]>; body: string } | undefined

/** The first webhook of a drive, to the byte: its body is an event's and its signature that of its endpoint. */
function checkSample(sample: Sample, { secrets, events }: Published): void {
  const secret = secrets.get(Number(sample?.path.split('/').at(-1)))
  const eventId = String(sample?.headers['webhook-id']).replace('evt_', '')
  const event = events.find(({ id }) => id === eventId)
  const isGood =
    sample !== undefined &&
    secret !== undefined &&
    event?.body === sample.body &&
    sample.headers['webhook-signature'] ===
      sign(secret, event, Number(sample.headers['webhook-timestamp']))['webhook-signature']
  if (!isGood) throw new Error(`A webhook is not as it should be: ${JSON.stringify(sample)}`)
}

const sign = (secret: string, event: { id: string; body: string }, timestampSeconds: number) =>
  signedHeaders({
    headerName: 'SelfCommunity-Signature',
    secrets: [secret],
    eventId: event.id,
    timestampSeconds,
    body: event.body,
  })

/** Sends the same, signed beforehand. */
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
