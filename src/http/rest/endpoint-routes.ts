import { Failure } from '../../failure'
import {
  CreateEndpointDocument,
  DeleteEndpointDocument,
  type EndpointFragment,
  GetEndpointDocument,
  ListEndpointsDocument,
  ListEventTypesDocument,
  ReplaceEndpointDocument,
  UpdateEndpointDocument,
  type WebhookEndpointInput,
  type WebhookEndpointOrder,
  type WebhookEndpointPatch,
} from '../../generated/graphql/graphql'
import { endpointJson } from './json'
import { pageJson, readPage } from './page'
import type { Call, Route } from './plugin'
import { acceptedVersions, etagOf, isFresh } from './preconditions'

export const BASE = '/api/v2/webhook'

/** The documented orders; the first is the default. */
const ENDPOINT_ORDERS: Record<string, WebhookEndpointOrder> = {
  '-created_at': 'CREATED_AT_DESC',
  created_at: 'CREATED_AT_ASC',
  '-updated_at': 'UPDATED_AT_DESC',
  updated_at: 'UPDATED_AT_ASC',
  '-is_active': 'IS_ACTIVE_DESC',
  is_active: 'IS_ACTIVE_ASC',
}

/** The endpoints. Each route runs a document of operations.graphql and prints what it answers. */
export const endpointRoutes: Route[] = [
  {
    method: 'GET',
    path: `${BASE}/endpoint`,
    document: ListEndpointsDocument,
    async answer(call) {
      const request = readPage(call.query, ENDPOINT_ORDERS)
      const { page } = await call.run(ListEndpointsDocument, request)
      return call.reply.send(pageJson(call.url, request, page.totalCount, page.nodes.map(endpointJson)))
    },
  },
  {
    method: 'GET',
    path: `${BASE}/endpoint/search`,
    document: ListEndpointsDocument,
    async answer(call) {
      const { target } = call.query
      const request = readPage({ ...call.query, ordering: undefined }, ENDPOINT_ORDERS)
      const filter = { targetContains: Array.isArray(target) ? target.at(-1) : target }
      const { page } = await call.run(ListEndpointsDocument, { ...request, filter })
      return call.reply.send(pageJson(call.url, request, page.totalCount, page.nodes.map(endpointJson)))
    },
  },
  {
    method: 'GET',
    path: `${BASE}/endpoint/event`,
    document: ListEventTypesDocument,
    async answer(call) {
      const { eventTypes } = await call.run(ListEventTypesDocument, {})
      return call.reply.send(eventTypes.map(({ type }) => type))
    },
  },
  {
    method: 'POST',
    path: `${BASE}/endpoint`,
    document: CreateEndpointDocument,
    async answer(call) {
      const input = call.body<WebhookEndpointInput>('WebhookEndpointInput')
      const { endpoint } = await call.run(CreateEndpointDocument, { input })
      call.reply.code(201).header('Location', `${BASE}/endpoint/${endpoint.id}/`)
      return sendEndpoint(call, endpoint)
    },
  },
  {
    method: 'GET',
    path: `${BASE}/endpoint/:id`,
    document: GetEndpointDocument,
    async answer(call) {
      const endpoint = await findEndpoint(call)
      if (!isFresh(call.headers, endpoint.version)) return sendEndpoint(call, endpoint)
      return call.reply.code(304).header('ETag', etagOf(endpoint.version)).send()
    },
  },
  {
    method: 'PUT',
    path: `${BASE}/endpoint/:id`,
    document: ReplaceEndpointDocument,
    async answer(call) {
      const input = call.body<WebhookEndpointInput>('WebhookEndpointInput')
      const expectedVersion = await versionToExpect(call)
      const { endpoint } = await call.run(ReplaceEndpointDocument, { id: call.id, input, expectedVersion })
      return sendEndpoint(call, endpoint)
    },
  },
  {
    method: 'PATCH',
    path: `${BASE}/endpoint/:id`,
    document: UpdateEndpointDocument,
    async answer(call) {
      const fields = call.body<WebhookEndpointPatch>('WebhookEndpointPatch')
      const expectedVersion = await versionToExpect(call)
      const patch = expectedVersion === undefined ? fields : { ...fields, expectedVersion }
      const { endpoint } = await call.run(UpdateEndpointDocument, { id: call.id, patch })
      return sendEndpoint(call, endpoint)
    },
  },
  {
    method: 'DELETE',
    path: `${BASE}/endpoint/:id`,
    document: DeleteEndpointDocument,
    async answer(call) {
      await call.run(DeleteEndpointDocument, { id: call.id, expectedVersion: await versionToExpect(call) })
      return call.reply.code(204).send()
    },
  },
]

export const sendEndpoint = (call: Call, endpoint: EndpointFragment) =>
  call.reply.header('ETag', etagOf(endpoint.version)).send(endpointJson(endpoint))

async function findEndpoint(call: Call): Promise<EndpointFragment> {
  const { endpoint } = await call.run(GetEndpointDocument, { id: call.id })
  if (!endpoint) throw new Failure('not_found', `There is no webhook endpoint ${JSON.stringify(call.id)}.`)
  return endpoint
}

/**
 * The version that `If-Match` lets a change go ahead on. A list of several is narrowed down to the stored one, on
 * which the change is then conditional like on a single one.
 */
async function versionToExpect(call: Call): Promise<number | undefined> {
  const accepted = acceptedVersions(call.headers)
  if (accepted === undefined || accepted.length === 1) return accepted?.[0]
  const { version } = await findEndpoint(call)
  return accepted.includes(version) ? version : accepted[0]
}
