import { type Query, statement } from '../../database/query'
import { Prisma } from '../../generated/prisma/client'

/** A delivery that this process has leased, with all that its send needs as it stands right now. */
export interface ClaimedDelivery {
  id: bigint
  eventId: bigint
  endpointId: number
  /** the number that the attempt will have */
  number: number
  /** tries of the schedule that are used up */
  tries: number
  /** how often somebody had asked for it by then */
  resendCount: number
  target: string
  sslCertVerification: boolean
  body: string
  /** the endpoint's live secrets, newest first */
  secrets: { id: string; sealed: string }[]
}

export interface Claim {
  claimed: ClaimedDelivery[]
  /** where the next claim goes on; 0 = at the first */
  lastEndpoint: number
}

/** What a claim may take. */
export interface ClaimRequest {
  owner: string
  /** how many in all */
  capacity: number
  /** how many of one endpoint, unless `busy` says less */
  laneCapacity: number
  /** endpoints that have sends in flight here, with the room that is left */
  busy: { endpointId: number; free: number }[]
  /** where the last claim ended: endpoints after it come first */
  afterEndpoint: number
  leaseMs: number
  /** added to the database's clock; 0 but in tests */
  clockOffsetMs: number
}

/**
 * Leases due deliveries: first attempts before retries, one of each endpoint before a second of any, earliest first
 * within an endpoint. The SQL function claim_deliveries does it, and says what it keeps to.
 *
 * What an endpoint does not listen to any more is cancelled instead, unless somebody asked for it to be resent.
 *
 * Invariants:
 * - Requests leave before the transaction ends, which holds their endpoints, so a change of an endpoint is answered only
 *   when none by its old state can leave any more.
 * - A claim may be forgotten by a server that crashes within a moment of it (its transaction is volatile): what it took
 *   is due again, and may arrive a second time.
 */
export async function claimDeliveries(query: Query, request: ClaimRequest): Promise<Claim> {
  const { owner, leaseMs, clockOffsetMs, capacity, laneCapacity, busy, afterEndpoint } = request
  const busyIds = busy.map(({ endpointId }) => endpointId)
  const busyFree = busy.map(({ free }) => free)
  const rows = await query<ClaimedRow>(
    statement(
      'claim_deliveries',
      Prisma.sql`
        SELECT id, event_id AS "eventId", endpoint_id AS "endpointId", number, tries, resend_count AS "resendCount",
          is_wanted AS "isWanted", body, endpoint
        FROM claim_deliveries(${owner}::uuid, ${leaseMs}, ${clockOffsetMs}, ${capacity}, ${laneCapacity},
          ${busyIds}, ${busyFree}, ${afterEndpoint})`,
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

/** What an endpoint's state says of its sends. */
type ClaimedEndpoint = Pick<ClaimedDelivery, 'target' | 'sslCertVerification' | 'secrets'>

/** Identifiers are texts, for drivers read PostgreSQL's bigint in ways of their own; see claim_deliveries. */
interface ClaimedRow extends Omit<ClaimedDelivery, 'id' | 'eventId' | keyof ClaimedEndpoint> {
  id: string
  eventId: string
  isWanted: boolean
  /** with the first of its deliveries alone */
  endpoint: ClaimedEndpoint | null
}

/** Each by name: to copy what is left of an object takes longer than everything else here. */
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
