import type { AttemptFragment, EndpointFragment } from '../../generated/graphql/graphql'

/** An endpoint as the REST API documents it. Instants are RFC 3339 in UTC once printed. */
export const endpointJson = (endpoint: EndpointFragment) => ({
  id: Number(endpoint.id),
  created_at: endpoint.createdAt,
  updated_at: endpoint.updatedAt,
  is_active: endpoint.isActive,
  target: endpoint.target,
  description: endpoint.description,
  events: endpoint.events.map(({ type, addedAt }) => ({ type, added_at: addedAt })),
  ssl_cert_verification: endpoint.sslCertVerification,
})

/** An attempt as the REST API documents it. */
export const attemptJson = (attempt: AttemptFragment) => ({
  id: Number(attempt.id),
  created_at: attempt.createdAt,
  event: { id: Number(attempt.event.id), type: attempt.event.type, added_at: attempt.event.createdAt },
  sent_at: attempt.sentAt,
  http_request_body: attempt.requestBody,
  http_request_signature_header: attempt.requestSignatureHeader,
  http_response_code: attempt.responseStatus,
  http_response_body: attempt.responseBody,
  next_retry: attempt.nextRetryAt,
})

/** `isActive` in the schema is `is_active` in the REST API. */
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
