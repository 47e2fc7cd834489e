import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { parseDatabaseUrl } from '../../../../src/database/server/address/parse-database-url'
import { asyncCommitTransaction, openPool, poolQuery } from '../../../../src/database/server/connections'
import { probeServer } from '../../../../src/database/server/probe'
import type { ServerPool } from '../../../../src/database/server/server-pool'
import { type ClaimedDelivery, claimDeliveries } from '../../../../src/delivery/queue/claims/claim-deliveries'
import { recordAttempts } from '../../../../src/delivery/queue/recording/record-attempts'

/** The most deliveries of a claim. */
export const SLOTS = 200
const SLOTS_PER_ENDPOINT = 10
const LEASE_MS = 10_000

/** Claims and records, with the gateway's own statements and its database client of production. */
export class Claims {
  private readonly owner = randomUUID()
  private lastEndpoint = 0

  private constructor(private readonly pool: ServerPool) {}

  static async open(database: string): Promise<Claims> {
    const server = await probeServer(parseDatabaseUrl(database), {
      variable: 'DATABASE_URL',
      isPooled: false,
    })
    return new Claims(openPool(server, 1, pino({ level: 'warn' })))
  }

  /**
   * Milliseconds of one claim, its transaction included.
   *
   * @param outcome of the attempts; after `aborted` the deliveries are due again at once
   */
  async timeOne(outcome: 'delivered' | 'aborted'): Promise<number> {
    const startedAt = performance.now()
    const { claimed, lastEndpoint } = await asyncCommitTransaction(this.pool, (query) =>
      claimDeliveries(query, {
        owner: this.owner,
        slots: SLOTS,
        slotsPerEndpoint: SLOTS_PER_ENDPOINT,
        otherSlots: SLOTS,
        lanes: [],
        afterEndpoint: this.lastEndpoint,
        leaseMs: LEASE_MS,
        clockOffsetMs: 0,
      }),
    )
    const took = performance.now() - startedAt
    this.lastEndpoint = lastEndpoint
    if (claimed.length !== SLOTS) throw new Error(`A claim of ${SLOTS} returned ${claimed.length}`)
    await recordAttempts(
      poolQuery(this.pool),
      { owner: this.owner, clockOffsetMs: 0 },
      claimed.map((delivery) => finished(delivery, outcome)),
    )
    return took
  }

  async close(): Promise<void> {
    await this.pool.end()
  }
}

const finished = (
  { eventId, endpointId, number, resendCount }: ClaimedDelivery,
  outcome: 'delivered' | 'aborted',
) => ({
  sendId: randomUUID(),
  eventId: String(eventId),
  endpointId,
  number,
  trigger: 'SCHEDULE' as const,
  resendCount,
  sentAt: new Date().toISOString(),
  signatureHeader: '',
  responseStatus: 200,
  responseBody: '',
  responseTruncated: false,
  durationMs: 1,
  errorDetail: null,
  error: outcome === 'aborted' ? ('ABORTED' as const) : null,
  outcome,
  retryInMs: outcome === 'aborted' ? 0 : null,
  restMs: null,
  isGone: false,
})
