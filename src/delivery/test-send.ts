import { randomUUID } from 'node:crypto'
import { afterChange } from '../database/after-change'
import type { Query } from '../database/query'
import { disableGoneEndpoint } from '../endpoints/disable-gone-endpoint'
import type { EventCatalogue } from '../endpoints/event-types/event-catalogue'
import { endpointNotFound, throwProblems } from '../failure'
import type { PrismaClient } from '../generated/prisma/client'
import { deliveryId, parseEndpointId } from '../identifiers'
import { samplePayload } from '../samples/sample-payloads'
import { type Attempt, readAttempt } from './log/attempts'
import { type AttemptParts, attemptDelivery } from './queue/attempt-delivery'
import type { ClaimedDelivery } from './queue/claims/claim-deliveries'
import { type FinishedAttempt, recordAttempts } from './queue/recording/record-attempts'

/** The parts of the gateway that a test send needs. */
export interface TestSendCore extends AttemptParts {
  prisma: PrismaClient
  query: Query
  catalogue: EventCatalogue
}

/**
 * Sends a sample event to an endpoint at once, and records the attempt like any other. Never retries. Also sends to an endpoint
 * that is switched off. Reads the endpoint and its live secrets once, at the start and without a lock: a change that is answered
 * later does not stop the request.
 *
 * @param endpointId as the caller sent it
 * @param type default: the first event type that the endpoint listens to
 * @throws Failure `not_found`, `validation_failed`
 */
export async function sendTestEvent(
  core: TestSendCore,
  endpointId: string,
  type: string | null | undefined,
): Promise<Attempt> {
  const { prisma, catalogue } = core
  if (type != null && !catalogue.has(type)) {
    const message = `There is no event type ${JSON.stringify(type.slice(0, 100))}.`
    throwProblems([{ path: ['type'], code: 'UNKNOWN_EVENT_TYPE', message }])
  }
  const delivery = await createDelivery(prisma, endpointId, type)
  return afterChange(sendOnce(core, delivery))
}

async function sendOnce(core: TestSendCore, delivery: ClaimedDelivery): Promise<Attempt> {
  const { prisma, query } = core
  const { attempt } = await attemptDelivery(delivery, core, { signal: new AbortController().signal })
  if (attempt.isGone) await disableGoneEndpoint(prisma, delivery)
  const holder = { owner: randomUUID(), clockOffsetMs: 0 }
  const last = lastAttempt(attempt)
  const [recorded] = await recordAttempts(query, holder, [last])
  // A delivery with attempts was resent meanwhile. Its status is that of the resend.
  const status = last.outcome === 'delivered' ? 'DELIVERED' : 'FAILED'
  await prisma.$executeRaw`
    UPDATE ended_deliveries SET status = ${status}::delivery_status, attempt_count = 1, tries = 1
    WHERE event_id = ${delivery.eventId} AND endpoint_id = ${delivery.endpointId} AND attempt_count = 0`
  if (!recorded) throw new Error('The delivery of a test send was removed before its attempt was recorded')
  return readAttempt(prisma, { id: BigInt(recorded.id), eventId: delivery.eventId })
}

/** Discards the retry that attemptDelivery has planned: a test send ends with its first attempt, also an aborted one. */
const lastAttempt = (attempt: FinishedAttempt): FinishedAttempt => ({
  ...attempt,
  trigger: 'TEST',
  outcome: attempt.outcome === 'delivered' ? 'delivered' : 'failed',
  retryInMs: null,
})

/** Stores the event and its delivery. The delivery is stored as failed, so that no worker claims it, even if this process dies. */
async function createDelivery(
  prisma: PrismaClient,
  endpointId: string,
  type: string | null | undefined,
): Promise<ClaimedDelivery> {
  const id = parseEndpointId(endpointId) ?? 0
  const endpoint = await prisma.endpoint.findFirst({
    where: { id, deletedAt: null },
    include: { events: { orderBy: { type: 'asc' }, take: 1 } },
  })
  const sampleType = type ?? endpoint?.events[0]?.type
  if (!endpoint || sampleType === undefined) {
    throw endpointNotFound(endpointId)
  }
  const data = JSON.stringify(samplePayload(sampleType))
  const [row] = await prisma.$queryRaw<[Pick<ClaimedDelivery, 'eventId' | 'body' | 'secrets'>]>`
    WITH event AS (
      INSERT INTO events (id, type, created_at, body, is_test, fanned_out_at)
      SELECT id, ${sampleType}, now, event_body(id, ${sampleType}, now, ${data}), true, now
      FROM (SELECT nextval('events_id_seq') AS id, clock_timestamp() AS now) new
      RETURNING id, body
    ),
    delivery AS (
      INSERT INTO ended_deliveries (event_id, endpoint_id, status, attempt_count)
      SELECT id, ${id}::integer, 'FAILED', 0 FROM event
    )
    SELECT event.id AS "eventId", event.body,
      (SELECT secrets FROM live_secrets_json(${id}::integer, clock_timestamp()) AS secrets) AS secrets
    FROM event`
  const { target, sslCertVerification } = endpoint
  return {
    ...row,
    id: deliveryId(row.eventId, id),
    endpointId: id,
    number: 1,
    tries: 0,
    resendCount: 0,
    busyForMs: null,
    restedUntilMs: null,
    target,
    sslCertVerification,
  }
}
