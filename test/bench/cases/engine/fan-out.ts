import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { Pool } from 'undici'
import { AUTHORIZATION } from '../../api'
import { isFannedOut, restLanes } from '../../database/tables'
import { connected, query } from '../../databases'
import { startGateway } from '../../processes'
import { compareWithCalm, limit, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { percentile } from '../../statistics'
import { endpointTemplate } from '../endpoints'
import { addEndpoints } from '../many-endpoints'
import { POST_CREATED, post } from '../posts'

const WIDE = 'comment.created'
const ANSWER_MAX_MS = 50
const RATE_MIN = 20_000
const WITHIN_MS = 60_000
const POLL_MS = 20
/** Pause between two publishes of another type, plus up to as much again at random. */
const REST_MS = 15
const CALM_MS = 1_500
/** Publishes of each kind before the measurement. */
const WARM_UP = 2

/**
 * Publishes to very many endpoints. Their lanes rest, as if each receiver had asked to be left alone, so that nothing is sent: the
 * sends would take the cores from the fan-out, and are measured elsewhere.
 */
export async function fanOut(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const target = 'https://receiver.example.com/hook'
  const { database } = await endpointTemplate(run, { targets: [target], events: [POST_CREATED] })
  progress(`fan-out: inserting ${plan.wideEndpoints} endpoints`)
  await addEndpoints(database, { count: plan.wideEndpoints, type: WIDE, target, isActive: true })
  await restLanes(database)
  await query(database, 'VACUUM ANALYZE')
  const gateway = await startGateway({ DATABASE_URL: database }, teardown)
  const publisher = new Publisher(gateway.url)
  const rounds: Round[] = []
  await connected(database, async (client) => {
    for (let round = 1 - WARM_UP; round <= plan.widePublishes; round += 1) {
      if (round % 5 === 0) progress(`fan-out: ${round} of ${plan.widePublishes} events`)
      const result = await publishWide(publisher, client, plan.wideEndpoints)
      if (round > 0) rounds.push(result)
    }
  })
  await publisher.close()
  await gateway.stop()
  return measurements(plan.wideEndpoints, rounds)
}

/** Milliseconds, and deliveries per second. */
interface Round {
  answeredMs: number
  rate: number
  calmP95: number
  besideP95: number
}

function measurements(endpoints: number, rounds: Round[]): Measurement[] {
  const wide = `${endpoints.toLocaleString('en-US')} endpoints`
  const answers = rounds.map(({ answeredMs }) => answeredMs)
  const rows = [
    measured(['publish, p95', 'gateway', wide], {
      unit: 'ms',
      rounds: answers,
      result: percentile(answers, 0.95),
    }),
    measured(['fan-out', 'gateway', wide], { unit: '/s', rounds: rounds.map(({ rate }) => rate) }),
    measured(['publish of another type, p95', 'gateway', `beside the fan-out to ${wide}`], {
      unit: 'ms',
      rounds: rounds.map(({ besideP95 }) => besideP95),
    }),
    measured(['publish of another type, p95', 'calm', 'nothing beside'], {
      unit: 'ms',
      rounds: rounds.map(({ calmP95 }) => calmP95),
    }),
  ] as const
  limit(rows[0], { most: ANSWER_MAX_MS })
  limit(rows[1], { least: RATE_MIN })
  compareWithCalm(rows[2], rows[3])
  return [...rows]
}

/** @throws Error when the fan-out does not end in time */
async function publishWide(publisher: Publisher, client: Client, endpoints: number): Promise<Round> {
  const calmUntil = performance.now() + CALM_MS
  const calm = await publisher.publishBeside(() => performance.now() > calmUntil)
  const startedAt = performance.now()
  let isDone = false
  const beside = publisher.publishBeside(() => isDone)
  const { ms, eventId } = await publisher.publish(WIDE)
  while (!(await isFannedOut(client, eventId))) {
    if (performance.now() > startedAt + WITHIN_MS) throw new Error('An event was not fanned out in time')
    await sleep(POLL_MS)
  }
  const seconds = (performance.now() - startedAt) / 1_000
  isDone = true
  return {
    answeredMs: ms,
    rate: endpoints / seconds,
    calmP95: percentile(calm, 0.95),
    besideP95: percentile(await beside, 0.95),
  }
}

/** Publishes through the API, on a connection for each kind. */
class Publisher {
  private readonly pool: Pool

  constructor(url: string) {
    this.pool = new Pool(url, { connections: 2 })
  }

  /** Publishes events of another type, one at a time, until a time. Returns the milliseconds of each, at least one. */
  async publishBeside(isOver: () => boolean): Promise<number[]> {
    const times: number[] = []
    do {
      await sleep(REST_MS + Math.random() * REST_MS)
      times.push((await this.publish(POST_CREATED)).ms)
    } while (!isOver())
    return times
  }

  async publish(type: string): Promise<{ ms: number; eventId: number }> {
    const startedAt = performance.now()
    const response = await this.pool.request({
      method: 'POST',
      path: '/api/v2/webhook/event/',
      headers: { 'content-type': 'application/json', ...AUTHORIZATION },
      body: JSON.stringify({ type, data: post(1) }),
    })
    const { event_id } = (await response.body.json()) as { event_id: number }
    if (response.statusCode !== 201) throw new Error(`Publishing answered ${response.statusCode}`)
    return { ms: performance.now() - startedAt, eventId: event_id }
  }

  async close(): Promise<void> {
    await this.pool.close()
  }
}
