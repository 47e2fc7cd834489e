import type { Request } from 'autocannon'
import { AUTHORIZATION } from '../api'

/** One system under one kind of request. */
export interface Target {
  what: string
  by: string
  url: string
  /** false = it only reads */
  isWrite: boolean
  /** where its writes can be counted; undefined = it keeps none */
  database?: string
  /** @param description what an update stores; a read passes it over */
  request(id: number, description: string): Request
  /** how the body of every good answer begins */
  beginning: string
  /** the endpoint in a parsed answer, or nothing */
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

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json', ...AUTHORIZATION }

interface System {
  by: string
  url: string
  database?: string
}

/** `updateWebhookEndpoint` with one document and changing variables, as clients send it. */
export const graphqlUpdate = (system: System, path = '/graphql'): Target => ({
  ...system,
  what: 'update by GraphQL',
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

export const graphqlRead = (system: System): Target => ({
  ...system,
  what: 'read by GraphQL',
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
export const patch = (system: System, path = '/api/v2/webhook/endpoint/'): Target => ({
  ...system,
  what: 'update by PATCH',
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

export const get = (system: System, path = '/api/v2/webhook/endpoint/'): Target => ({
  ...system,
  what: 'read by GET',
  isWrite: false,
  request: (id) => ({ method: 'GET', path: `${path}${id}`, headers: JSON_HEADERS }),
  beginning: '{"id":',
  endpointIn: camelCase,
})

/** The REST API says `is_active` for `isActive`; the rest is the same. */
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
