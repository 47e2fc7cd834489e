import { randomUUID } from 'node:crypto'
import type { DeliveryConfig } from '../../config'
import type { Departure, Sender, SendResult } from '../sending/sender'
import { signedHeaders } from '../sending/signature'
import type { ClaimedDelivery } from './claim'
import type { Outcome, Verdict } from './record-attempts'
import { nextAttempt } from './retry-schedule'

/** What an attempt needs beside its delivery. */
export interface AttemptParts {
  sender: Sender
  /** opens a sealed secret */
  openSecret: (id: string, sealed: string) => string
  deliveryConfig: Pick<DeliveryConfig, 'retrySchedule' | 'signatureHeader'>
}

/** An outcome to be recorded, and what the log alone is told. */
export interface Attempted {
  outcome: Outcome
  detail: string
}

/**
 * Signs and sends a delivery once, by the endpoint's state at the claim, and judges what came of it. Where a connection
 * stands ready, this is begun before it returns. Rejects only when a secret cannot be opened.
 */
export async function attemptDelivery(
  delivery: ClaimedDelivery,
  { sender, openSecret, deliveryConfig }: AttemptParts,
  signal: AbortSignal,
  departure?: Departure,
): Promise<Attempted> {
  const headers = signedHeaders({
    headerName: deliveryConfig.signatureHeader,
    secrets: delivery.secrets.map(({ id, sealed }) => openSecret(id, sealed)),
    eventId: delivery.eventId,
    timestampSeconds: Math.floor(Date.now() / 1000),
    body: delivery.body,
  })
  const sent = await sender.send({
    target: delivery.target,
    body: delivery.body,
    headers,
    verifyTls: delivery.sslCertVerification,
    signal,
    departure,
  })
  const { verdict, retryInMs } = judge(sent, delivery.tries, deliveryConfig.retrySchedule)
  return {
    outcome: {
      sendId: randomUUID(),
      deliveryId: String(delivery.id),
      eventId: String(delivery.eventId),
      endpointId: delivery.endpointId,
      number: delivery.number,
      resendCount: delivery.resendCount,
      sentAt: sent.sentAt?.toISOString() ?? null,
      signatureHeader: headers[deliveryConfig.signatureHeader] ?? '',
      responseStatus: sent.status,
      responseBody: sent.responseBody,
      responseTruncated: sent.truncated,
      durationMs: Math.round(sent.durationMs),
      error: sent.error,
      verdict,
      retryInMs,
      isGone: sent.status === 410,
    },
    detail: sent.detail,
  }
}

/**
 * What becomes of a delivery: a send that the gateway itself broke off uses up no try.
 *
 * @param tries those used up before this one
 */
export function judge(
  sent: Pick<SendResult, 'error' | 'retryAfter'>,
  tries: number,
  schedule: number[],
): { verdict: Verdict; retryInMs: number | null } {
  if (sent.error === null) return { verdict: 'delivered', retryInMs: null }
  if (sent.error === 'ABORTED') return { verdict: 'released', retryInMs: 0 }
  const now = new Date()
  const next = nextAttempt({ schedule, tries: tries + 1, now, retryAfter: sent.retryAfter })
  return next
    ? { verdict: 'retry', retryInMs: next.getTime() - now.getTime() }
    : { verdict: 'failed', retryInMs: null }
}
