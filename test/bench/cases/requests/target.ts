import type { Request } from 'autocannon'
import { AUTHORIZATION } from '../../api'
import type { Store } from './store'

/** One system under one kind of request. */
export interface Target {
  operation: string
  system: string
  url: string
  isWrite: boolean
  /** counts the writes; undefined = the writes are not counted */
  store?: Store
  /** @param description the value that an update stores; a read ignores it */
  request(id: number, description: string): Request
  /** the beginning of the body of every good answer */
  beginning: string
}

/** A target whose answers carry an endpoint. */
export interface EndpointTarget extends Target {
  /** the endpoint in a parsed answer; undefined = none */
  endpointIn(answer: unknown): unknown
}

const FIELDS = `id createdAt updatedAt version isActive target description sslCertVerification disabledReason
  events { type addedAt }`

const UPDATE = `mutation Update($id: ID!, $patch: WebhookEndpointPatch!) {
  updateWebhookEndpoint(id: $id, patch: $patch) { ${FIELDS} }
}`

const GET = `query Get($id: ID!) {
  webhookEndpoint(id: $id) { ${FIELDS} }
}`

export const JSON_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json',
  ...AUTHORIZATION,
}

export interface System {
  system: string
  url: string
  store?: Store
}

/** `updateWebhookEndpoint` with one document and changing variables, as clients send it. */
export const graphqlUpdate = (system: System, path = '/graphql'): EndpointTarget => ({
  ...system,
  operation: 'update by GraphQL',
  isWrite: true,
  request: (id, description) => ({
    method: 'POST',
    path,
    headers: JSON_HEADERS,
    body: JSON.stringify({ query: UPDATE, variables: { id: String(id), patch: { description } } }),
  }),
  beginning: '{"data":{"updateWebhookEndpoint":{"id":"',
  endpointIn: (answer) =>
    (answer as { data?: { updateWebhookEndpoint?: unknown } }).data?.updateWebhookEndpoint,
})

export const graphqlRead = ({ system, url }: System): EndpointTarget => ({
  system,
  url,
  operation: 'read by GraphQL',
  isWrite: false,
  request: (id) => ({
    method: 'POST',
    path: '/graphql',
    headers: JSON_HEADERS,
    body: JSON.stringify({ query: GET, variables: { id: String(id) } }),
  }),
  beginning: '{"data":{"webhookEndpoint":{"id":"',
  endpointIn: (answer) => (answer as { data?: { webhookEndpoint?: unknown } }).data?.webhookEndpoint,
})

/** @param path of an endpoint, before its id */
export const patch = (system: System, path = '/api/v2/webhook/endpoint/'): EndpointTarget => ({
  ...system,
  operation: 'update by PATCH',
  isWrite: true,
  request: (id, description) => ({
    method: 'PATCH',
    path: `${path}${id}`,
    headers: JSON_HEADERS,
    body: JSON.stringify({ description }),
  }),
  beginning: '{"id":',
  endpointIn: camelCase,
})

/** @param path of an endpoint, before its id */
export const get = ({ system, url }: System, path = '/api/v2/webhook/endpoint/'): EndpointTarget => ({
  system,
  url,
  operation: 'read by GET',
  isWrite: false,
  request: (id) => ({ method: 'GET', path: `${path}${id}`, headers: JSON_HEADERS }),
  beginning: '{"id":',
  endpointIn: camelCase,
})

/** The REST API writes `is_active` for `isActive`. */
function camelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCase)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
      camelCase(inner),
    ]),
  )
}
