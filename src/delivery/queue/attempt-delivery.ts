import { randomUUID } from 'node:crypto'
import type { DeliveryConfig } from '../../config/config'
import type { SigningKeys } from '../../secrets/signing-keys'
import { isGone } from '../sending/answers/response-status'
import type { WritePermit } from '../sending/send-request'
import type { SendResult } from '../sending/send-result'
import type { Sender } from '../sending/sender'
import { signedHeaders } from '../sending/signature'
import type { ClaimedDelivery } from './claims/claim-deliveries'
import type { FinishedAttempt } from './recording/record-attempts'
import { nextAttempt } from './retry-schedule'

/** The parts of the gateway that an attempt needs. */
export interface AttemptParts {
  sender: Sender
  /** the keys of a sealed secret; throws when nothing can decrypt it */
  signingKeys: (id: string, sealed: string) => SigningKeys
  deliveryConfig: Pick<DeliveryConfig, 'retrySchedule' | 'signatureHeader'>
}

/**
 * Signs and sends a delivery once, with the target and the secrets that were read when it was claimed. Where a connection is
 * open, the request is written before this function returns.
 *
 * @returns the attempt, ready to be recorded, a line for the log, and whether the gateway itself lacked something that a send needs:
 *   such an attempt is not the receiver's, and need not be recorded
 * @throws Error when a secret cannot be decrypted
 */
export async function attemptDelivery(
  delivery: ClaimedDelivery,
  { sender, signingKeys, deliveryConfig }: AttemptParts,
  signal: AbortSignal,
  permit?: WritePermit,
): Promise<{ attempt: FinishedAttempt; detail: string; isOwnTrouble: boolean }> {
  const headers = signedHeaders({
    headerName: deliveryConfig.signatureHeader,
    secrets: delivery.secrets.map(({ id, sealed }) => signingKeys(id, sealed)),
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
    permit,
  })
  return {
    attempt: {
      sendId: randomUUID(),
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
      errorDetail: result.error === null ? null : result.detail,
      ...outcomeOf(result, delivery.tries, deliveryConfig.retrySchedule),
    },
    detail: result.detail,
    isOwnTrouble: result.isOwnTrouble,
  }
}

/**
 * Decides what follows from a send. After 410 Gone the caller switches the endpoint off (disableGoneEndpoint), but the delivery
 * follows its retry schedule like any failed one: while tries are left it stays pending, and is sent again if the endpoint has
 * another target by then or is switched on again.
 *
 * @param tries how many tries were used up before this send
 */
function outcomeOf(
  { error, status, retryAfter }: SendResult,
  tries: number,
  schedule: number[],
): Pick<FinishedAttempt, 'outcome' | 'retryInMs' | 'restMs' | 'isGone'> {
  const gone = isGone(status)
  if (error === null) return { outcome: 'delivered', retryInMs: null, restMs: null, isGone: gone }
  if (error === 'ABORTED') return { outcome: 'aborted', retryInMs: 0, restMs: null, isGone: gone }
  const now = new Date()
  const next = nextAttempt({ schedule, tries: tries + 1, now, retryAfter })
  return next
    ? { outcome: 'retry', retryInMs: next.getTime() - now.getTime(), restMs: null, isGone: gone }
    : { outcome: 'failed', retryInMs: null, restMs: null, isGone: gone }
}
