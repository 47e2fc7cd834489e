import { Prisma, type PrismaClient } from '../generated/prisma/client'
import { type ClaimedDelivery, IS_WANTED } from './claim'
import type { LeaseHolder } from './leases'
import type { Departure } from './sender'

/** A transaction that was given up for being slow would let go of endpoints while requests leave. */
const TRANSACTION = { maxWait: 10_000, timeout: 60_000 }

/** The departure of one claimed delivery. */
export interface ClaimedDeparture extends Departure {
  /** Resolves when its request is on its way, has to wait, or has ended without leaving. */
  settled(): Promise<void>
  /** Its send has ended, whatever came of it. */
  end(): void
  /** It was not let go, or not yet: nothing was sent, and that is not the receiver's fault. */
  isHeldBack(): boolean
}

interface Waiting {
  delivery: ClaimedDelivery
  answer: (mayLeave: boolean) => void
  settled: () => Promise<void>
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
    private readonly prisma: PrismaClient,
    private readonly holder: () => LeaseHolder,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** @param claimSettled resolves when the claim's transaction has ended: before, its lease is not there to be seen */
  of(delivery: ClaimedDelivery, claimSettled: Promise<void>): ClaimedDeparture {
    let isHeldBack = false
    let settle = () => {}
    let settled = new Promise<void>((resolve) => {
      settle = resolve
    })
    return {
      settled: () => settled,
      end: () => settle(),
      onWaiting: () => settle(),
      onLeaving: () => settle(),
      isHeldBack: () => isHeldBack,
      mayLeave: async () => {
        isHeldBack = true
        await claimSettled
        settled = new Promise((resolve) => {
          settle = resolve
        })
        const mayLeave = await new Promise<boolean>((answer) => {
          this.waiting.push({ delivery, answer, settled: () => settled })
          void this.run()
        })
        isHeldBack = !mayLeave
        return mayLeave
      },
    }
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
      await this.prisma.$transaction(async (tx) => {
        const unchanged = await findUnchanged(
          tx,
          this.holder(),
          batch.map(({ delivery }) => delivery),
        )
        for (const { delivery, answer } of batch) answer(unchanged.has(delivery.id))
        await Promise.all(batch.map(({ delivery, settled }) => unchanged.has(delivery.id) && settled()))
      }, TRANSACTION)
    } catch (error) {
      this.onFailure(error)
      for (const { answer } of batch) answer(false)
    }
  }
}

/** The ids of live secrets: what a claim signs with, by the database's clock. */
const liveSecretIds = (clockOffsetMs: number) => Prisma.sql`
  ARRAY(SELECT secret.id::text FROM signing_secrets secret
    WHERE secret.endpoint_id = delivery.endpoint_id
      AND (secret.expires_at IS NULL
        OR secret.expires_at > clock_timestamp() + make_interval(secs => ${clockOffsetMs}::float8 / 1000))
    ORDER BY secret.created_at DESC, secret.id)`

/**
 * The deliveries that are still leased to this owner, and would be sent just as they were claimed. Their endpoints
 * stay held until the transaction ends. The second statement sees what was committed before the first had its locks.
 */
async function findUnchanged(
  tx: Prisma.TransactionClient,
  { owner, clockOffsetMs }: LeaseHolder,
  deliveries: ClaimedDelivery[],
): Promise<Set<bigint>> {
  const endpointIds = [...new Set(deliveries.map(({ endpointId }) => endpointId))]
  await tx.$queryRaw`
    SELECT id FROM endpoints WHERE id = ANY (${endpointIds}::integer[]) ORDER BY id FOR SHARE`
  const ids = deliveries.map(({ id }) => id)
  const rows = await tx.$queryRaw<
    { id: bigint; target: string; sslCertVerification: boolean; secretIds: string[] }[]
  >`
    SELECT delivery.id, endpoint.target, endpoint.ssl_cert_verification AS "sslCertVerification",
      ${liveSecretIds(clockOffsetMs)} AS "secretIds"
    FROM deliveries delivery
    JOIN endpoints endpoint ON endpoint.id = delivery.endpoint_id
    JOIN events event ON event.id = delivery.event_id
    WHERE delivery.id = ANY (${ids}::bigint[]) AND delivery.status = 'PENDING'
      AND delivery.lease_owner = ${owner}::uuid
      AND endpoint.is_active AND endpoint.deleted_at IS NULL AND ${IS_WANTED}`
  const now = new Map(rows.map((row) => [row.id, row]))
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
