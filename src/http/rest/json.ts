import type { AttemptFragment, EndpointFragment } from '../../generated/graphql/graphql'
import { present } from '../../schema/execute'

/** The type of `snakeCase(name)`. */
type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? First extends Lowercase<First>
    ? `${First}${SnakeCase<Rest>}`
    : `_${Lowercase<First>}${SnakeCase<Rest>}`
  : ''

/** JSON with every field of a fragment under its REST name. JSON that lacks a field does not compile. */
export type JsonOf<Fragment, Omitted extends keyof Fragment = never> = {
  [Field in Exclude<keyof Fragment & string, Omitted> as SnakeCase<Field>]: unknown
}

/** An endpoint as the REST API documents it. `JSON.stringify` prints instants in RFC 3339, UTC. `ETag` has the version. */
export const endpointJson = (endpoint: EndpointFragment) =>
  ({
    id: Number(endpoint.id),
    created_at: endpoint.createdAt,
    updated_at: endpoint.updatedAt,
    is_active: endpoint.isActive,
    target: endpoint.target,
    description: endpoint.description,
    events: endpoint.events.map(eventTypeJson),
    ssl_cert_verification: endpoint.sslCertVerification,
  }) satisfies JsonOf<EndpointFragment, 'version'>

type EndpointEventType = EndpointFragment['events'][number]

const eventTypeJson = ({ type, addedAt }: EndpointEventType) =>
  ({ type, added_at: addedAt }) satisfies JsonOf<EndpointEventType>

/** An attempt as the REST API documents it, with `number`, `error` and `error_detail`, which are our additions. */
export const attemptJson = (attempt: AttemptFragment) => ({
  id: Number(attempt.id),
  number: attempt.number,
  created_at: attempt.createdAt,
  event: eventJson(present(attempt.event)),
  sent_at: attempt.sentAt,
  http_request_body: attempt.requestBody,
  http_request_signature_header: attempt.requestSignatureHeader,
  http_response_code: attempt.responseStatus,
  http_response_body: attempt.responseBody,
  error: attempt.error?.toLowerCase() ?? null,
  error_detail: attempt.errorDetail ?? null,
  next_retry: attempt.nextRetryAt,
})

const eventJson = ({ id, type, createdAt }: NonNullable<AttemptFragment['event']>) => ({
  id: Number(id),
  type,
  added_at: createdAt,
})
