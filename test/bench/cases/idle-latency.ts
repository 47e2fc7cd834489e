import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { AUTHORIZATION } from '../api'
import { startGateway } from '../processes'
import { limit, type Measurement, measured } from '../report/measurement'
import { profiling, type Run } from '../run'
import { percentile } from '../statistics'
import { endpointTemplate } from './endpoints'
import { POST_CREATED } from './posts'
import { elapsedMs, type Receiver, startReceiver } from './receiver'

/** Events before the measurement, which open the connections and let V8 compile the code. */
const WARM_UP = 10
/** Pause between two events, plus up to as much again at random, so that no timer runs in step with the events. */
const REST_MS = 60
const ARRIVE_WITHIN_MS = 5_000
const ROUNDS = 3
const P50_MAX_MS = 15
const P95_MAX_MS = 40

/** From the start of a publishing request by REST until the webhook's arrival, one event at a time. */
export async function idleLatency(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  progress(`latency: ${plan.publishes} events, one at a time`)
  const receiver = await startReceiver(teardown)
  const content = { targets: [`${receiver.url}/hook`], events: [POST_CREATED] }
  const { database } = await endpointTemplate(run, content)
  const gateway = await startGateway({ DATABASE_URL: database }, teardown, profiling(run))
  const latencies = await latenciesOf(gateway.url, receiver, plan.publishes)
  await gateway.stop()
  await receiver.stop()
  return [
    rows(latencies, { share: 0.5, most: P50_MAX_MS }),
    rows(latencies, { share: 0.95, most: P95_MAX_MS }),
  ]
}

function rows(latencies: number[], { share, most }: { share: number; most: number }): Measurement {
  const size = Math.ceil(latencies.length / ROUNDS)
  const thirds = Array.from({ length: ROUNDS }, (_, round) =>
    latencies.slice(round * size, (round + 1) * size),
  )
  const measurement = measured([`publish to receive, p${share * 100}`, 'gateway', 'idle'], {
    unit: 'ms',
    rounds: thirds.map((third) => percentile(third, share)),
    result: percentile(latencies, share),
  })
  limit(measurement, { most })
  return measurement
}

export interface LatencyOptions {
  /** events before the measurement; default: as many as open the connections and let V8 compile the code */
  warmUp?: number
  /** from the last publishing until the last arrival */
  arriveWithinMs?: number
  /** true = an event that has not arrived by then counts as one that arrives then; default: it is an error */
  countsLate?: boolean
}

/**
 * Publishes events one at a time, after a warm-up, and returns the milliseconds until each one's arrival.
 *
 * @param url of a gateway with one endpoint for the events, which leads to the receiver
 * @throws Error when an event does not arrive, or arrives twice
 */
export async function latenciesOf(
  url: string,
  receiver: Receiver,
  publishes: number,
  { warmUp = WARM_UP, arriveWithinMs = ARRIVE_WITHIN_MS, countsLate = false }: LatencyOptions = {},
): Promise<number[]> {
  const pool = new Pool(url, { connections: 1 })
  const sentAt = new Map<string, bigint>()
  for (let index = 0; index < warmUp + publishes; index += 1) {
    await sleep(REST_MS + Math.random() * REST_MS)
    if (index === warmUp) await receiver.receipts()
    const startedAt = process.hrtime.bigint()
    const id = await publish(pool, index)
    if (index >= warmUp) sentAt.set(`evt_${id}`, startedAt)
  }
  await receiver.waitFor(publishes, arriveWithinMs).catch((error) => {
    if (!countsLate) throw error
  })
  await sleep(REST_MS * 2)
  const { arrivals, count } = await receiver.receipts()
  await pool.close()
  const missing = countsLate ? String(process.hrtime.bigint()) : '0'
  const latencies = [...sentAt].map(([id, at]) => elapsedMs(at, arrivals[id] ?? missing))
  if (!(countsLate || count === publishes) || latencies.some((latency) => !(latency > 0))) {
    throw new Error(`Of ${publishes} events ${count} arrived`)
  }
  return latencies
}

/** Returns the event's id. */
async function publish(pool: Pool, number: number): Promise<number> {
  const response = await pool.request({
    method: 'POST',
    path: '/api/v2/webhook/event/',
    headers: { 'content-type': 'application/json', ...AUTHORIZATION },
    body: JSON.stringify({ type: POST_CREATED, data: { id: number, title: 'Hello' } }),
  })
  const answer = (await response.body.json()) as { event_id: number }
  if (response.statusCode !== 201) throw new Error(`Publishing answered ${response.statusCode}`)
  return answer.event_id
}
