import { type Query, statement } from '../../../database/query'
import { Prisma } from '../../../generated/prisma/client'
import { deliveryId } from '../../../identifiers'

/** Characters of a body that is shared as bytes. A shorter one stays a text, which is written in one piece with the request's head. */
const SHARED_FROM = 8_192

/** A delivery that this process has leased, with everything its send needs, as stored at the time of the claim. */
export interface ClaimedDelivery {
  /** see deliveryId in src/identifiers.ts */
  id: string
  eventId: bigint
  endpointId: number
  /** the number that the attempt will have; 1 = the first */
  number: number
  /** tries of the retry schedule that are used up */
  tries: number
  /** how often the event has been resent to the endpoint */
  resendCount: number
  /** milliseconds since the receiver first answered that it is busy; null = it has not */
  busyForMs: number | null
  target: string
  sslCertVerification: boolean
  /** until when the endpoint was left alone, if that was within the last minute: Unix time in milliseconds of the database */
  restedUntilMs: number | null
  /** bytes when it is large: deliveries of one event share them, while each send would make copies of a text */
  body: Buffer | string
  /** the endpoint's live secrets, newest first */
  secrets: { id: string; sealed: string }[]
}

export interface Claim {
  claimed: ClaimedDelivery[]
  /** `afterEndpoint` of the next claim; 0 = start with the first endpoint */
  lastEndpoint: number
  /** true = the claim has looked into as many lanes as it may; others may have due deliveries */
  mayHaveMore: boolean
  /** by endpoint, when its earliest claimed first attempt fell due: Unix time in milliseconds of the database */
  dueMs: Map<number, number>
}

/** A lane that this process knows something about. */
export interface KnownLane {
  endpointId: number
  /** the most deliveries that the claim may take of it; null = as of any other lane */
  freeSlots: number | null
  /** no first attempt that fell due before is of interest: Unix time in milliseconds of the database; null = read the whole lane */
  startMs: number | null
}

/** How much a claim may take. */
export interface ClaimRequest {
  /** UUID of the claiming process */
  owner: string
  /** the most deliveries in all */
  slots: number
  /** the most deliveries of one endpoint, unless `lanes` has another number */
  slotsPerEndpoint: number
  /** the most deliveries of all endpoints together for which `lanes` has no number; 0 = do not look into their lanes */
  otherSlots: number
  /** each endpoint once */
  lanes: KnownLane[]
  /** where the last claim ended: the endpoints after it come first */
  afterEndpoint: number
  leaseMs: number
  /** added to the database's clock; 0 except in tests */
  clockOffsetMs: number
}

/**
 * Leases due deliveries, by the SQL function claim_deliveries: claim-deliveries.sql says which ones, in what order, and how.
 * Where nothing is pending, the function is not called: its first call takes tens of milliseconds on the embedded database.
 * The function uses is_due, is_claimable and is_wanted (beside it), wake_lanes and settle_lanes (../lanes), and
 * live_secrets_json (src/secrets).
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
  const { owner, leaseMs, clockOffsetMs, slots, slotsPerEndpoint, otherSlots, lanes, afterEndpoint } = request
  const ids = lanes.map(({ endpointId }) => endpointId)
  const freeSlots = lanes.map((lane) => lane.freeSlots)
  const starts = lanes.map(({ startMs }) => startMs)
  const [about, ...rows] = await query<ClaimedRow>(
    statement(
      'claim_deliveries',
      Prisma.sql`
        SELECT event_id AS "eventId", endpoint_id AS "endpointId", number, tries, resend_count AS "resendCount",
          busy_for_ms AS "busyForMs", due_ms AS "dueMs", is_wanted AS "isWanted", body, endpoint
        FROM (
          SELECT ${slots}::integer AS slots WHERE EXISTS (SELECT FROM lanes) OR EXISTS (SELECT FROM lane_wakes) OFFSET 0
        ) waiting
        CROSS JOIN LATERAL claim_deliveries(${owner}::uuid, ${leaseMs}, ${clockOffsetMs}, waiting.slots, ${slotsPerEndpoint},
          ${otherSlots}, ${ids}, ${freeSlots}, ${starts}, ${afterEndpoint})`,
    ),
  )
  const unwanted = rows.filter(({ isWanted }) => !isWanted)
  if (unwanted.length > 0) await cancelUnwanted(query, owner, unwanted)
  return {
    ...claimedDeliveries(rows),
    lastEndpoint: about?.endpointId ?? 0,
    mayHaveMore: about?.isWanted ?? false,
  }
}

/** The part of a claimed delivery that all deliveries of its endpoint share. */
type ClaimedEndpoint = Pick<ClaimedDelivery, 'target' | 'sslCertVerification' | 'restedUntilMs' | 'secrets'>

/** A row of claim_deliveries, the first one apart, which describes the claim itself. Ids are texts, because the database clients return PostgreSQL's bigint in different types. */
interface ClaimedRow extends Omit<ClaimedDelivery, 'id' | 'eventId' | 'body' | keyof ClaimedEndpoint> {
  eventId: string
  dueMs: number
  isWanted: boolean
  /** only in the first row of each event */
  body: string | null
  /** only in the first row of each endpoint */
  endpoint: ClaimedEndpoint | null
}

/** Puts rows together with what only the first row of their endpoint and of their event carries. */
function claimedDeliveries(rows: ClaimedRow[]): Pick<Claim, 'claimed' | 'dueMs'> {
  const endpoints = new Map<number, ClaimedEndpoint>()
  const bodies = new Map<string, ClaimedDelivery['body']>()
  const dueMs = new Map<number, number>()
  const claimed: ClaimedDelivery[] = []
  for (const row of rows) {
    if (row.endpoint !== null) endpoints.set(row.endpointId, row.endpoint)
    if (row.body !== null) bodies.set(row.eventId, sharedBody(row.body))
    if (row.tries === 0 && !dueMs.has(row.endpointId)) dueMs.set(row.endpointId, row.dueMs)
    const endpoint = endpoints.get(row.endpointId)
    const body = bodies.get(row.eventId)
    if (endpoint === undefined || body === undefined)
      throw new Error('claim_deliveries has returned a row without its endpoint or event')
    if (row.isWanted) claimed.push(claimedDelivery(row, endpoint, body))
  }
  return { claimed, dueMs }
}

const sharedBody = (text: string) => (text.length < SHARED_FROM ? text : Buffer.from(text))

/** Names every field: copying a row by object rest and spread took longer than everything else in claimDeliveries. */
const claimedDelivery = (
  row: ClaimedRow,
  endpoint: ClaimedEndpoint,
  body: ClaimedDelivery['body'],
): ClaimedDelivery => ({
  id: deliveryId(row.eventId, row.endpointId),
  eventId: BigInt(row.eventId),
  endpointId: row.endpointId,
  number: row.number,
  tries: row.tries,
  resendCount: row.resendCount,
  busyForMs: row.busyForMs,
  target: endpoint.target,
  sslCertVerification: endpoint.sslCertVerification,
  restedUntilMs: endpoint.restedUntilMs,
  body,
  secrets: endpoint.secrets,
})

async function cancelUnwanted(query: Query, owner: string, rows: ClaimedRow[]): Promise<void> {
  const eventIds = rows.map(({ eventId }) => eventId)
  const endpointIds = rows.map(({ endpointId }) => endpointId)
  await query(
    statement(
      'cancel_leased',
      Prisma.sql`SELECT cancel_leased(${owner}::uuid, ${eventIds}::bigint[], ${endpointIds}::integer[])`,
    ),
  )
}
