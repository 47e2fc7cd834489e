import { generateKeyPairSync } from 'node:crypto'
import type { Role } from '../../src/auth/roles'
import { CREATE, DELETE, EVENT_TYPES, GET, LIST, REPLACE, UPDATE } from '../support/endpoint-documents'
import { ATTEMPTS, EVENT, EXPIRE, PUBLISH, RESEND, REVEAL, SEND_TEST } from '../support/event-documents'
import { JWT_SECRET } from '../support/gateway'
import { fromNow, HOUR, hmacToken, keyToken, unsignedToken } from '../support/tokens'

const ENDPOINT = { target: 'https://example.com/changed', events: [{ type: 'post.updated' }] }

const EVENT_INPUT = { type: 'user.deleted', data: { by: 'nobody' } }

export interface GraphqlCall {
  query: string
  variables: Record<string, unknown>
}

export interface RestCall {
  method: string
  /** below /api/v2/webhook/ */
  path: string
  json?: unknown
}

/** Every operation of schema.graphql, with arguments that read or change the endpoint `id`. */
export const GRAPHQL_OPERATIONS: Record<string, (id: string) => GraphqlCall> = {
  'Query.webhookEndpoint': (id) => ({ query: GET, variables: { id } }),
  'Query.webhookEndpoints': () => ({ query: LIST, variables: {} }),
  'Query.webhookEventTypes': () => ({ query: EVENT_TYPES, variables: {} }),
  'Mutation.createWebhookEndpoint': () => ({ query: CREATE, variables: { input: ENDPOINT } }),
  'Mutation.updateWebhookEndpoint': (id) => ({
    query: UPDATE,
    variables: { id, patch: { isActive: false } },
  }),
  'Mutation.replaceWebhookEndpoint': (id) => ({ query: REPLACE, variables: { id, input: ENDPOINT } }),
  'Mutation.deleteWebhookEndpoint': (id) => ({ query: DELETE, variables: { id } }),
  'Query.webhookEvent': (id) => ({ query: EVENT, variables: { id } }),
  'Query.webhookEvents': () => ({ query: '{ webhookEvents { nodes { id } } }', variables: {} }),
  'Query.webhookDelivery': (id) => ({
    query: 'query ($id: ID!) { webhookDelivery(id: $id) { id } }',
    variables: { id: `1-${id}` },
  }),
  'Query.webhookDeliveries': () => ({ query: '{ webhookDeliveries { nodes { id } } }', variables: {} }),
  'Query.webhookAttempt': (id) => ({
    query: 'query ($id: ID!) { webhookAttempt(id: $id) { id } }',
    variables: { id },
  }),
  'Query.webhookAttempts': () => ({ query: '{ webhookAttempts { nodes { id } } }', variables: {} }),
  'Query.webhookAttemptPage': (id) => ({ query: ATTEMPTS, variables: { id } }),
  'Mutation.publishWebhookEvent': () => ({ query: PUBLISH, variables: { input: EVENT_INPUT } }),
  'Mutation.resendWebhookEvents': (id) => ({ query: RESEND, variables: { id, eventIds: ['1'] } }),
  'Mutation.sendTestWebhookEvent': (id) => ({ query: SEND_TEST, variables: { id } }),
  'Mutation.revealWebhookEndpointSecret': (id) => ({ query: REVEAL, variables: { id } }),
  'Mutation.expireWebhookEndpointSecret': (id) => ({ query: EXPIRE, variables: { id } }),
}

/** Every route of the REST API, in the same way. */
export const REST_ROUTES: Record<string, (id: string) => RestCall> = {
  'GET endpoint': () => ({ method: 'GET', path: 'endpoint/' }),
  'GET endpoint/search': () => ({ method: 'GET', path: 'endpoint/search/?target=example' }),
  'GET endpoint/event': () => ({ method: 'GET', path: 'endpoint/event/' }),
  'POST endpoint': () => ({ method: 'POST', path: 'endpoint/', json: ENDPOINT }),
  'GET endpoint/:id': (id) => ({ method: 'GET', path: `endpoint/${id}/` }),
  'PUT endpoint/:id': (id) => ({ method: 'PUT', path: `endpoint/${id}/`, json: ENDPOINT }),
  'PATCH endpoint/:id': (id) => ({ method: 'PATCH', path: `endpoint/${id}/`, json: { is_active: false } }),
  'DELETE endpoint/:id': (id) => ({ method: 'DELETE', path: `endpoint/${id}/` }),
  'GET endpoint/:id/attempt': (id) => ({ method: 'GET', path: `endpoint/${id}/attempt/` }),
  'POST endpoint/:id/secret/reveal': (id) => ({ method: 'POST', path: `endpoint/${id}/secret/reveal/` }),
  'POST endpoint/:id/secret/expire': (id) => ({ method: 'POST', path: `endpoint/${id}/secret/expire/` }),
  'POST endpoint/:id/event/resend': (id) => ({
    method: 'POST',
    path: `endpoint/${id}/event/resend/`,
    json: { event: 1 },
  }),
  'POST endpoint/:id/event/resend/bulk': (id) => ({
    method: 'POST',
    path: `endpoint/${id}/event/resend/bulk/`,
    json: { event: [1] },
  }),
  'POST event': () => ({ method: 'POST', path: 'event/', json: EVENT_INPUT }),
}

/** The operations and routes that each role may use. Admins may use all. The compiler reports a role without a row. */
export const ALLOWED: Record<Exclude<Role, 'admin'>, string[]> = {
  publisher: ['Mutation.publishWebhookEvent', 'POST event'],
}

/** A caller, its `Authorization` header (undefined = none), and its role if it may use a part of the tables. */
export type Caller = [name: string, authorization: string | undefined, role?: keyof typeof ALLOWED]

const live = { sub: 'somebody', exp: fromNow(HOUR) }
const admin = { ...live, role: 'admin' }
const token = (claims: Record<string, unknown>) => hmacToken(claims, JWT_SECRET)
const good = token(admin)
const [header, payload, signature] = good.split('.')
const bearer = (value: string) => `Bearer ${value}`

/** Signed with a key that the token contains. */
function selfMadeToken(): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return keyToken(admin, privateKey, { jwk: publicKey.export({ format: 'jwk' }) })
}

/** Callers without a valid token. */
export const UNAUTHENTICATED: Caller[] = [
  ['nobody', undefined],
  ['an empty header', ''],
  ['a scheme alone', 'Bearer'],
  ['a token without its scheme', good],
  ['a token of another scheme', `Token ${good}`],
  ['a user and a password', `Basic ${Buffer.from('admin:admin').toString('base64')}`],
  ['a word for a token', bearer('admin')],
  ['two tokens', bearer(`${good} ${good}`)],
  ['two headers in one', `${bearer(good)}, ${bearer(good)}`],
  ['a token in quotes', bearer(`"${good}"`)],
  ['a token of two parts', bearer(`${header}.${payload}`)],
  ['a token of four parts', bearer(`${good}.x`)],
  ['a token without its signature', bearer(`${header}.${payload}.`)],
  ['a token cut short', bearer(good.slice(0, -4))],
  ['a token of parts that are no JSON', bearer('bm90.anNvbg.c2ln')],
  ['an expired token', bearer(token({ ...admin, exp: fromNow(-HOUR) }))],
  ['a token that expired 31 s ago', bearer(token({ ...admin, exp: fromNow(-31) }))],
  ['a token without an expiry', bearer(token({ sub: 'somebody', role: 'admin' }))],
  ['a token whose expiry is no number', bearer(token({ ...admin, exp: 'never' }))],
  ['a token not valid yet', bearer(token({ ...admin, nbf: fromNow(HOUR) }))],
  ['a token issued in the future', bearer(token({ ...admin, iat: fromNow(HOUR) }))],
  ['a forged token', bearer(hmacToken(admin, 'another secret that is longer than 32 bytes'))],
  ['a token signed with an empty secret', bearer(hmacToken(admin, ''))],
  [
    'the payload of another token',
    bearer(`${header}.${token({ ...admin, x: 1 }).split('.')[1]}.${signature}`),
  ],
  ['an unsigned token', bearer(unsignedToken(admin))],
  ['an unsigned token, in capitals', bearer(unsignedToken(admin, 'NONE'))],
  ['an unsigned token that says HS256', bearer(unsignedToken(admin, 'HS256'))],
  ['a token by HS512', bearer(hmacToken(admin, JWT_SECRET, 'HS512'))],
  ['a token that brings its own key', bearer(selfMadeToken())],
  [
    'a token with an extension that must be understood',
    bearer(hmacToken(admin, JWT_SECRET, 'HS256', { crit: ['x'], x: 1 })),
  ],
]

const rolesOfNoAdmin: [name: string, claims: Record<string, unknown>, role?: keyof typeof ALLOWED][] = [
  ['a publisher', { role: 'publisher' }, 'publisher'],
  ['a publisher, by a list', { role: ['publisher'] }, 'publisher'],
  ['an unknown role', { role: 'owner' }],
  ['no role', {}],
  ['a role that is null', { role: null }],
  ['an empty list of roles', { role: [] }],
  ['a role in capitals', { role: 'ADMIN' }],
  ['a role with a space', { role: 'admin ' }],
  ['two roles in one text', { role: 'publisher admin' }],
  ['a role that is an object', { role: { admin: true } }],
  ['a role in a list of lists', { role: [['admin']] }],
  ['a role that is true', { role: true }],
  ['roles in other claims', { roles: ['admin'], admin: true, scope: 'admin' }],
]

/** Callers with a valid token that is not an admin's. */
export const WITHOUT_THE_ROLE = rolesOfNoAdmin.map(
  ([name, claims, role]): Caller => [name, bearer(token({ ...live, ...claims })), role],
)

/** Callers with access to everything. */
export const ADMINS: Caller[] = [
  ['an admin', bearer(good)],
  ['an admin, by a list of roles', bearer(token({ ...live, role: ['owner', 'admin'] }))],
  ['an admin, the scheme in small letters', `bearer ${good}`],
  ['an admin, the scheme in capitals', `BEARER ${good}`],
  ['an admin without a name', bearer(token({ exp: fromNow(HOUR), role: 'admin' }))],
]

/** Callers with access to everything whose token depends on the time at which it is sent. */
export const ADMINS_BY_OTHER_CLOCKS: [name: string, authorization: () => string][] = [
  [
    'an admin whose clock is 20 s ahead',
    () => bearer(token({ ...admin, iat: fromNow(20), nbf: fromNow(20) })),
  ],
  ['an admin whose token expired 2 s ago, by our clock', () => bearer(token({ ...admin, exp: fromNow(-2) }))],
]
