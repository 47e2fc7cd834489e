import { randomUUID } from 'node:crypto'
import type { DeliveryConfig } from '../../config/config'
import type { SigningKeys } from '../../secrets/signing-keys'
import type { WritePermit } from '../sending/send-request'
import type { Sender } from '../sending/sender'
import { signedHeaders } from '../sending/signature'
import type { ClaimedDelivery } from './claims/claim-deliveries'
import { type OutcomeParts, outcomeOf } from './outcome'
import type { FinishedAttempt } from './recording/record-attempts'

/** The parts of the gateway that an attempt needs. */
export interface AttemptParts {
  sender: Sender
  /** the keys of a sealed secret; throws when nothing can decrypt it */
  signingKeys: (id: string, sealed: string) => SigningKeys
  deliveryConfig: Pick<DeliveryConfig, 'retrySchedule' | 'signatureHeader'>
}

export interface AttemptOptions {
  /** aborts the send */
  signal: AbortSignal
  /** default: the request may be written at any time */
  permit?: WritePermit
  /** see OutcomeParts; default: null */
  restMs?: OutcomeParts['restMs']
}

export interface AttemptResult {
  /** ready to be recorded */
  attempt: FinishedAttempt
  /** a line for the log */
  detail: string
  /** the gateway itself lacked something that a send needs: such an attempt is not the receiver's, and need not be recorded */
  isOwnTrouble: boolean
}

/**
 * Signs and sends a delivery once, with the target and the secrets that were read when it was claimed. Where a connection is
 * open, the request is written before this function returns.
 *
 * @throws Error when a secret cannot be decrypted
 */
export async function attemptDelivery(
  delivery: ClaimedDelivery,
  { sender, signingKeys, deliveryConfig }: AttemptParts,
  { signal, permit, restMs = () => null }: AttemptOptions,
): Promise<AttemptResult> {
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
      trigger: delivery.resendCount > 0 ? 'RESEND' : 'SCHEDULE',
      resendCount: delivery.resendCount,
      sentAt: result.sentAt?.toISOString() ?? null,
      signatureHeader: headers[deliveryConfig.signatureHeader] ?? '',
      responseStatus: result.status,
      responseBody: result.responseBody,
      responseTruncated: result.truncated,
      durationMs: Math.round(result.durationMs),
      error: result.error,
      errorDetail: result.error === null ? null : result.detail,
      ...outcomeOf(result, delivery, {
        schedule: deliveryConfig.retrySchedule,
        now: () => new Date(),
        random: Math.random,
        restMs,
      }),
    },
    detail: result.detail,
    isOwnTrouble: result.isOwnTrouble,
  }
}
