import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { AUTHORIZATION } from '../api'
import { startGateway } from '../processes'
import { limit, type Measurement, measured } from '../report/measurement'
import { profiling, type Run } from '../run'
import { percentile } from '../statistics'
import { endpointTemplate } from './endpoints'
import { elapsedMs, startReceiver } from './receiver'

/** Some events before those that count: connections are open and code is compiled then. */
const WARM_UP = 10
/** Between two events, with as much again by chance: nothing else is going on, and no timer is in step. */
const REST_MS = 60
const ROUNDS = 3
const P50_MAX_MS = 15
const P95_MAX_MS = 40

/** From the start of a publishing request by REST until the webhook's arrival, one event at a time. */
export async function idleLatency(run: Run): Promise<Measurement[]> {
  const { plan, say, teardown } = run
  say(`latency: ${plan.publishes} events, one at a time`)
  const receiver = await startReceiver(teardown)
  const given = { targets: [`${receiver.url}/hook`], events: ['post.created'] }
  const { database } = await endpointTemplate(run.databases, teardown, given)
  const gateway = await startGateway({ DATABASE_URL: database }, teardown, profiling(run))
  const pool = new Pool(gateway.url, { connections: 1 })

  const sentAt = new Map<string, bigint>()
  for (let index = 0; index < WARM_UP + plan.publishes; index += 1) {
    await sleep(REST_MS + Math.random() * REST_MS)
    if (index === WARM_UP) await receiver.receipts()
    const startedAt = process.hrtime.bigint()
    const id = await publish(pool, index)
    if (index >= WARM_UP) sentAt.set(`evt_${id}`, startedAt)
  }
  await sleep(REST_MS * 2)
  const { arrivals, count } = await receiver.receipts()
  await pool.close()
  await gateway.stop()
  await receiver.stop()
  const latencies = [...sentAt].map(([id, at]) => elapsedMs(at, arrivals[id] ?? '0'))
  if (count !== plan.publishes || latencies.some((latency) => !(latency > 0))) {
    throw new Error(`Of ${plan.publishes} events ${count} arrived`)
  }

  const rows = ([share, most]: [number, number]) => {
    const size = Math.ceil(latencies.length / ROUNDS)
    const thirds = Array.from({ length: ROUNDS }, (_, round) =>
      latencies.slice(round * size, (round + 1) * size),
    )
    const measurement = measured(
      [`publish to receive, p${share * 100}`, 'gateway', 'idle'],
      'ms',
      thirds.map((third) => percentile(third, share)),
      percentile(latencies, share),
    )
    limit(measurement, most)
    return measurement
  }
  return [rows([0.5, P50_MAX_MS]), rows([0.95, P95_MAX_MS])]
}

/** Answers the event's id. */
async function publish(pool: Pool, number: number): Promise<number> {
  const response = await pool.request({
    method: 'POST',
    path: '/api/v2/webhook/event/',
    headers: { 'content-type': 'application/json', ...AUTHORIZATION },
    body: JSON.stringify({ type: 'post.created', data: { id: number, title: 'Hello' } }),
  })
  const answer = (await response.body.json()) as { event_id: number }
  if (response.statusCode !== 201) throw new Error(`Publishing answered ${response.statusCode}`)
  return answer.event_id
}
