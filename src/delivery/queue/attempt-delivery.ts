import { randomUUID } from 'node:crypto'
import type { DeliveryConfig } from '../../config'
import type { Departure } from '../sending/send-request'
import type { SendResult } from '../sending/send-result'
import type { Sender } from '../sending/sender'
import { signedHeaders } from '../sending/signature'
import type { ClaimedDelivery } from './claims/claim-deliveries'
import type { FinishedAttempt } from './recording/record-attempts'
import { nextAttempt } from './retry-schedule'

/** The parts of the gateway that an attempt needs. */
export interface AttemptParts {
  sender: Sender
  /** decrypts a sealed secret; throws when no key can */
  openSecret: (id: string, sealed: string) => string
  deliveryConfig: Pick<DeliveryConfig, 'retrySchedule' | 'signatureHeader'>
}

/**
 * Signs and sends a delivery once, with the target and the secrets that were read when it was claimed. Where a connection is
 * open, the request is written before this function returns.
 *
 * @returns the attempt, ready to be recorded, and a line for the log
 * @throws Error when a secret cannot be decrypted
 */
export async function attemptDelivery(
  delivery: ClaimedDelivery,
  { sender, openSecret, deliveryConfig }: AttemptParts,
  signal: AbortSignal,
  departure?: Departure,
): Promise<{ attempt: FinishedAttempt; detail: string }> {
  const headers = signedHeaders({
    headerName: deliveryConfig.signatureHeader,
    secrets: delivery.secrets.map(({ id, sealed }) => openSecret(id, sealed)),
    eventId: delivery.eventId,
    timestampSeconds: Math.floor(Date.now() / 1000),
    body: delivery.body,
  })
  const result = await sender.send({
    target: delivery.target,
    body: delivery.body,
    headers,
    verifyTls: delivery.sslCertVerification,
    signal,
    departure,
  })
  const { outcome, retryInMs } = outcomeOf(result, delivery.tries, deliveryConfig.retrySchedule)
  return {
    attempt: {
      sendId: randomUUID(),
      deliveryId: String(delivery.id),
      eventId: String(delivery.eventId),
      endpointId: delivery.endpointId,
      number: delivery.number,
      resendCount: delivery.resendCount,
      sentAt: result.sentAt?.toISOString() ?? null,
      signatureHeader: headers[deliveryConfig.signatureHeader] ?? '',
      responseStatus: result.status,
      responseBody: result.responseBody,
      responseTruncated: result.truncated,
      durationMs: Math.round(result.durationMs),
      error: result.error,
      outcome,
      retryInMs,
      isGone: result.status === 410,
    },
    detail: result.detail,
  }
}

/**
 * Decides what follows from a send.
 *
 * @param tries how many tries were used up before this send
 */
function outcomeOf(
  { error, retryAfter }: SendResult,
  tries: number,
  schedule: number[],
): Pick<FinishedAttempt, 'outcome' | 'retryInMs'> {
  if (error === null) return { outcome: 'delivered', retryInMs: null }
  if (error === 'ABORTED') return { outcome: 'aborted', retryInMs: 0 }
  const now = new Date()
  const next = nextAttempt({ schedule, tries: tries + 1, now, retryAfter })
  return next
    ? { outcome: 'retry', retryInMs: next.getTime() - now.getTime() }
    : { outcome: 'failed', retryInMs: null }
}
