import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { parseDatabaseUrl } from '../../../../src/database/server/address/parse-database-url'
import { asyncCommitTransaction, openPool, poolQuery } from '../../../../src/database/server/connections'
import { probeServer } from '../../../../src/database/server/probe'
import type { ServerPool } from '../../../../src/database/server/server-pool'
import { type ClaimedDelivery, claimDeliveries } from '../../../../src/delivery/queue/claims/claim-deliveries'
import { recordAttempts } from '../../../../src/delivery/queue/recording/record-attempts'
import { query } from '../../databases'
import { startGateway } from '../../processes'
import { compare, limit, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { median } from '../../statistics'
import { endpointTemplate } from '../endpoints'
import { startReceiver } from '../receiver'

const ENDPOINTS = 20
const SLOTS = 200
const SLOTS_PER_ENDPOINT = 10
const LEASE_MS = 10_000
/** Claims on each database in one round; the databases take turns. */
const CLAIMS = 40
const ROUNDS = 5
const CLAIM_RATIO_MAX = 1.2
const MEMORY_MAX_MB = 300
/** How long the memory of a worker with the large backlog is read. */
const WATCH_MS = 20_000
const WATCH_EVERY_MS = 200

/** The time of a claim, and the memory of a worker, with very many pending deliveries. */
export async function claimScale(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startReceiver(teardown)
  const targets = Array.from({ length: ENDPOINTS }, (_, index) => `${receiver.url}/hook/${index + 1}`)
  const template = await endpointTemplate(run, { targets, events: ['post.created'] })
  const fill = async (pending: number) => {
    progress(`claims: ${pending} deliveries pending`)
    const database = await run.databases.create(template.database)
    await query(database, FILL, [pending / ENDPOINTS])
    await query(database, 'VACUUM ANALYZE')
    return database
  }
  const databases = { small: await fill(plan.pending.small), large: await fill(plan.pending.large) }
  const claims = { small: await Claims.open(databases.small), large: await Claims.open(databases.large) }
  const rounds = { small: [] as number[], large: [] as number[] }
  for (let round = 0; round <= ROUNDS; round += 1) {
    progress(round === 0 ? 'claims: warming up' : `claims: round ${round} of ${ROUNDS}`)
    const times = { small: [] as number[], large: [] as number[] }
    for (let claim = 0; claim < CLAIMS; claim += 1) {
      times.small.push(await claims.small.timeOne())
      times.large.push(await claims.large.timeOne())
    }
    if (round === 0) continue
    rounds.small.push(median(times.small))
    rounds.large.push(median(times.large))
  }
  await Promise.all([claims.small.close(), claims.large.close()])

  const of = (pending: number) => `${pending.toLocaleString('en-US')} pending`
  const small = measured([`claim of ${SLOTS}`, of(plan.pending.small), `${ENDPOINTS} endpoints`], {
    unit: 'ms',
    rounds: rounds.small,
  })
  const large = measured([`claim of ${SLOTS}`, of(plan.pending.large), `${ENDPOINTS} endpoints`], {
    unit: 'ms',
    rounds: rounds.large,
  })
  compare(large, small, { most: CLAIM_RATIO_MAX })
  progress(`claims: a worker on ${plan.pending.large} for ${WATCH_MS / 1_000} s`)
  const memory = await memoryOfWorker(run, databases.large)
  await receiver.stop()
  const rss = measured(
    ['memory of a worker, highest', of(plan.pending.large), `${WATCH_MS / 1_000} s of delivering`],
    { unit: 'MB', rounds: memory, result: Math.max(...memory) },
  )
  limit(rss, MEMORY_MAX_MB)
  return [large, small, rss]
}

/** Inserts so many events, each with a pending delivery for every endpoint. */
const FILL = `
  WITH published AS (
    INSERT INTO events (type, body)
    SELECT 'post.created', '{"event_id": ' || number || ', "type": "post.created", "data": {"text": "'
      || repeat('scale ', 50) || '"}}'
    FROM generate_series(1, $1::integer) AS number RETURNING id
  )
  INSERT INTO deliveries (event_id, endpoint_id) SELECT published.id, endpoints.id FROM published, endpoints`

/** Inserts as many deliveries as were claimed, so that the backlog keeps its length. */
const REFILL = `
  WITH published AS (
    INSERT INTO events (type, body) SELECT type, body FROM events ORDER BY id LIMIT $1 RETURNING id
  )
  INSERT INTO deliveries (event_id, endpoint_id) SELECT published.id, endpoints.id FROM published, endpoints`

/** Claims, records and refills, with the gateway's own statements and its database client of production. */
class Claims {
  private readonly owner = randomUUID()

  private constructor(private readonly pool: ServerPool) {}

  static async open(database: string): Promise<Claims> {
    const server = await probeServer(parseDatabaseUrl(database), {
      variable: 'DATABASE_URL',
      isPooled: false,
    })
    return new Claims(openPool(server, 1, pino({ level: 'warn' })))
  }

  /** Milliseconds of one claim, its transaction included. */
  async timeOne(): Promise<number> {
    const startedAt = performance.now()
    const { claimed } = await asyncCommitTransaction(this.pool, (query) =>
      claimDeliveries(query, {
        owner: this.owner,
        slots: SLOTS,
        slotsPerEndpoint: SLOTS_PER_ENDPOINT,
        busyEndpoints: [],
        afterEndpoint: 0,
        leaseMs: LEASE_MS,
        clockOffsetMs: 0,
      }),
    )
    const took = performance.now() - startedAt
    if (claimed.length !== SLOTS) throw new Error(`A claim of ${SLOTS} returned ${claimed.length}`)
    await recordAttempts(
      poolQuery(this.pool),
      { owner: this.owner, clockOffsetMs: 0 },
      claimed.map(delivered),
    )
    await this.pool.query(REFILL, [SLOTS / ENDPOINTS])
    return took
  }

  async close(): Promise<void> {
    await this.pool.end()
  }
}

const delivered = ({ id, eventId, endpointId, number, resendCount }: ClaimedDelivery) => ({
  sendId: randomUUID(),
  deliveryId: String(id),
  eventId: String(eventId),
  endpointId,
  number,
  resendCount,
  sentAt: new Date().toISOString(),
  signatureHeader: '',
  responseStatus: 200,
  responseBody: '',
  responseTruncated: false,
  durationMs: 1,
  errorDetail: null,
  error: null,
  outcome: 'delivered' as const,
  retryInMs: null,
  isGone: false,
})

/** The resident memory of a worker with a large backlog, in MB, read at intervals. */
async function memoryOfWorker({ teardown }: Run, database: string): Promise<number[]> {
  const worker = await startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'worker' }, teardown)
  const values: number[] = []
  for (const until = performance.now() + WATCH_MS; performance.now() < until; ) {
    await sleep(WATCH_EVERY_MS)
    values.push(residentMemory(worker.process.pid ?? 0))
  }
  await worker.stop()
  return values
}

/** MB. Linux prints kB in /proc; the measurement needs /proc. */
function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1_024
}
