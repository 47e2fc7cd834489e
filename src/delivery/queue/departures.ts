import { type AsyncCommitTransaction, type Query, statement } from '../../database/query'
import { Prisma } from '../../generated/prisma/client'
import type { Departure } from '../sending/sender'
import type { ClaimedDelivery } from './claim'
import type { LeaseHolder } from './leases'

interface Waiting {
  departure: ClaimedDeparture
  answer: (mayLeave: boolean) => void
}

/**
 * The last look at what has changed since the claim, for requests that could not leave at once: making a connection
 * takes a receiver's time, in which its endpoint may have been switched off or patched.
 *
 * Invariant: no request is written after a change of its endpoint was answered. Whoever changes an endpoint locks its
 * row; here it is held FOR SHARE from the look until the requests are written, as in a claim.
 *
 * What asks at about the same time shares one transaction.
 */
export class Departures {
  private waiting: Waiting[] = []
  private running = false

  /** @param onFailure told when the database could not be asked; nothing leaves then */
  constructor(
    private readonly transaction: AsyncCommitTransaction,
    private readonly holder: () => LeaseHolder,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** @param claimSettled resolves when the claim's transaction has ended: before, its lease is not there to be seen */
  of(delivery: ClaimedDelivery, claimSettled: Promise<void>): ClaimedDeparture {
    return new ClaimedDeparture(delivery, async (departure) => {
      await claimSettled
      return new Promise((answer) => {
        this.waiting.push({ departure, answer })
        void this.run()
      })
    })
  }

  private async run(): Promise<void> {
    if (this.running) return
    this.running = true
    // Connections that open in the same turn of the event loop share a look.
    await new Promise(setImmediate)
    while (this.waiting.length > 0) await this.look(this.waiting.splice(0))
    this.running = false
  }

  private async look(batch: Waiting[]): Promise<void> {
    try {
      await this.transaction(async (query) => {
        const deliveries = batch.map(({ departure }) => departure.delivery)
        const unchanged = await findUnchanged(query, this.holder(), deliveries)
        const leaving = batch.filter(({ departure }) => unchanged.has(departure.delivery.id))
        for (const { departure, answer } of leaving) {
          departure.letGo()
          answer(true)
        }
        for (const { departure, answer } of batch) if (!unchanged.has(departure.delivery.id)) answer(false)
        await Promise.all(leaving.map(({ departure }) => departure.settled()))
      })
    } catch (error) {
      this.onFailure(error)
      for (const { answer } of batch) answer(false)
    }
  }
}

/** The departure of one claimed delivery. */
export class ClaimedDeparture implements Departure {
  #isSettled = false
  #isHeldBack = false
  #hasEnded = false
  #onSettled: (() => void) | undefined

  /** @param ask whether it may leave after all */
  constructor(
    readonly delivery: ClaimedDelivery,
    private readonly ask: (departure: ClaimedDeparture) => Promise<boolean>,
  ) {}

  /** It was not let go, or not yet: nothing was sent, and that is not the receiver's fault. */
  get isHeldBack(): boolean {
    return this.#isHeldBack
  }

  /** Resolves when its request is on its way, has to wait, or has ended without leaving. For one to wait for at a time. */
  async settled(): Promise<void> {
    if (this.#isSettled) return
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve
    })
  }

  onWaiting(): void {
    this.#settle()
  }

  onLeaving(): void {
    this.#settle()
  }

  async mayLeave(): Promise<boolean> {
    this.#isHeldBack = true
    return this.ask(this)
  }

  /** It may be written from now on, and is not settled until it is. */
  letGo(): void {
    this.#isHeldBack = false
    this.#isSettled = this.#hasEnded
  }

  /** Its send has ended, whatever came of it. */
  end(): void {
    this.#hasEnded = true
    this.#settle()
  }

  #settle(): void {
    this.#isSettled = true
    this.#onSettled?.()
  }
}

/**
 * The deliveries that are still leased to this owner, and would be sent just as they were claimed. Their endpoints
 * stay held until the transaction ends. The second statement sees what was committed before the first had its locks.
 */
async function findUnchanged(
  query: Query,
  { owner, clockOffsetMs }: LeaseHolder,
  deliveries: ClaimedDelivery[],
): Promise<Set<bigint>> {
  const endpointIds = [...new Set(deliveries.map(({ endpointId }) => endpointId))]
  // One that is being changed would hold up all others: it counts as changed.
  const held = await query<{ id: number }>(
    statement(
      'hold_endpoints',
      Prisma.sql`SELECT id FROM endpoints WHERE id = ANY (${endpointIds}::integer[]) FOR SHARE SKIP LOCKED`,
    ),
  )
  const heldIds = held.map(({ id }) => id)
  const ids = deliveries.map(({ id }) => id)
  const rows = await query<{ id: string; target: string; sslCertVerification: boolean; secretIds: string[] }>(
    statement(
      'find_unchanged',
      Prisma.sql`
        SELECT delivery.id::text, endpoint.target, endpoint.ssl_cert_verification AS "sslCertVerification",
          ARRAY(SELECT secret.id::text FROM live_secrets(endpoint.id, clock.now) secret) AS "secretIds"
        FROM (SELECT clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000) AS now) clock
        CROSS JOIN deliveries delivery
        JOIN endpoints endpoint ON endpoint.id = delivery.endpoint_id
        JOIN events event ON event.id = delivery.event_id
        WHERE delivery.id = ANY (${ids}::bigint[]) AND delivery.status = 'PENDING'
          AND delivery.endpoint_id = ANY (${heldIds}::integer[])
          AND delivery.lease_owner = ${owner}::uuid
          AND endpoint.is_active AND endpoint.deleted_at IS NULL
          AND is_wanted(delivery.resend_count, event.type,
            ARRAY(SELECT listening.type FROM endpoint_events listening WHERE listening.endpoint_id = endpoint.id))`,
    ),
  )
  const now = new Map(rows.map((row) => [BigInt(row.id), row]))
  const unchanged = deliveries.filter((delivery) => {
    const row = now.get(delivery.id)
    return (
      row !== undefined &&
      row.target === delivery.target &&
      row.sslCertVerification === delivery.sslCertVerification &&
      row.secretIds.join() === delivery.secrets.map(({ id }) => id).join()
    )
  })
  return new Set(unchanged.map(({ id }) => id))
}
