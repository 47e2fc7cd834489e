import { type Query, statement } from '../../../database/query'
import { Prisma } from '../../../generated/prisma/client'

/** A delivery that this process has leased, with everything its send needs, as stored at the time of the claim. */
export interface ClaimedDelivery {
  id: bigint
  eventId: bigint
  endpointId: number
  /** the number that the attempt will have; 1 = the first */
  number: number
  /** tries of the retry schedule that are used up */
  tries: number
  /** how often the event has been resent to the endpoint */
  resendCount: number
  target: string
  sslCertVerification: boolean
  body: string
  /** the endpoint's live secrets, newest first */
  secrets: { id: string; sealed: string }[]
}

export interface Claim {
  claimed: ClaimedDelivery[]
  /** `afterEndpoint` of the next claim; 0 = start with the first endpoint */
  lastEndpoint: number
}

/** How much a claim may take. */
export interface ClaimRequest {
  /** UUID of the claiming process */
  owner: string
  /** the most deliveries in all */
  slots: number
  /** the most deliveries of one endpoint that is not in `busyEndpoints` */
  slotsPerEndpoint: number
  /** endpoints with sends in flight in this process, and the most deliveries of each */
  busyEndpoints: { endpointId: number; freeSlots: number }[]
  /** where the last claim ended: the endpoints after it come first */
  afterEndpoint: number
  leaseMs: number
  /** added to the database's clock; 0 except in tests */
  clockOffsetMs: number
}

/**
 * Leases due deliveries, by the SQL function claim_deliveries: claim-deliveries.sql says which ones, in what order, and how.
 * The function uses pending_lanes, is_due, is_claimable and is_wanted (beside it), and live_secrets_json (src/secrets).
 * It runs in the transaction of Dispatcher.#claim (BEGIN and COMMIT: src/database/server/connections.ts).
 * A second statement cancels a due delivery whose event type its endpoint no longer listens to, unless the event was resent.
 *
 * Invariants:
 * - The caller's transaction holds the endpoints. The caller writes the requests before the transaction ends, so a change of an
 *   endpoint is answered only when no request of its old state can be written any more.
 * - The caller's transaction does not wait for the disk. A server that crashes within a moment may lose a claim: then its
 *   deliveries are due again, and may arrive a second time.
 */
export async function claimDeliveries(query: Query, request: ClaimRequest): Promise<Claim> {
  const { owner, leaseMs, clockOffsetMs, slots, slotsPerEndpoint, busyEndpoints, afterEndpoint } = request
  const busyIds = busyEndpoints.map(({ endpointId }) => endpointId)
  const busyFreeSlots = busyEndpoints.map(({ freeSlots }) => freeSlots)
  const rows = await query<ClaimedRow>(
    statement(
      'claim_deliveries',
      Prisma.sql`
        SELECT id, event_id AS "eventId", endpoint_id AS "endpointId", number, tries, resend_count AS "resendCount",
          is_wanted AS "isWanted", body, endpoint
        FROM claim_deliveries(${owner}::uuid, ${leaseMs}, ${clockOffsetMs}, ${slots}, ${slotsPerEndpoint},
          ${busyIds}, ${busyFreeSlots}, ${afterEndpoint})`,
    ),
  )
  const unwanted = rows.filter(({ isWanted }) => !isWanted)
  if (unwanted.length > 0) await cancelUnwanted(query, unwanted)
  const endpoints = new Map(rows.flatMap((row) => (row.endpoint ? [[row.endpointId, row.endpoint]] : [])))
  const claimed = rows.flatMap((row) => {
    const endpoint = endpoints.get(row.endpointId)
    return row.isWanted && endpoint ? claimedDelivery(row, endpoint) : []
  })
  return { claimed, lastEndpoint: rows.at(-1)?.endpointId ?? 0 }
}

/** The part of a claimed delivery that all deliveries of its endpoint share. */
type ClaimedEndpoint = Pick<ClaimedDelivery, 'target' | 'sslCertVerification' | 'secrets'>

/** A row of claim_deliveries. Ids are texts, because the database clients return PostgreSQL's bigint in different types. */
interface ClaimedRow extends Omit<ClaimedDelivery, 'id' | 'eventId' | keyof ClaimedEndpoint> {
  id: string
  eventId: string
  isWanted: boolean
  /** only in the first row of each endpoint */
  endpoint: ClaimedEndpoint | null
}

/** Names every field: copying a row by object rest and spread took longer than everything else in claimDeliveries. */
const claimedDelivery = (row: ClaimedRow, endpoint: ClaimedEndpoint): ClaimedDelivery => ({
  id: BigInt(row.id),
  eventId: BigInt(row.eventId),
  endpointId: row.endpointId,
  number: row.number,
  tries: row.tries,
  resendCount: row.resendCount,
  target: endpoint.target,
  sslCertVerification: endpoint.sslCertVerification,
  body: row.body,
  secrets: endpoint.secrets,
})

async function cancelUnwanted(query: Query, deliveries: { id: string }[]): Promise<void> {
  const ids = deliveries.map(({ id }) => id)
  await query(
    statement(
      'cancel_unwanted',
      Prisma.sql`
        UPDATE deliveries SET status = 'CANCELLED', lease_owner = NULL, lease_expires_at = NULL
        WHERE id = ANY (${ids}::bigint[])`,
    ),
  )
}
