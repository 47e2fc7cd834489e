import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { endpointNotFound } from '../../failure'
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
import { present } from '../../schema/execute'
import { bodyReader } from './body'
import { endpointJson } from './json'
import { pageJson, type QueryString, readPage, urlOf } from './page'
import { acceptedVersions, etagOf, isFresh } from './preconditions'
import { requires } from './requires'
import type { RestOptions } from './rest-options'

/** The documented orders; the first is the default. */
const ORDERS: Record<string, WebhookEndpointOrder> = {
  '-created_at': 'CREATED_AT_DESC',
  created_at: 'CREATED_AT_ASC',
  '-updated_at': 'UPDATED_AT_DESC',
  updated_at: 'UPDATED_AT_ASC',
  '-is_active': 'IS_ACTIVE_DESC',
  is_active: 'IS_ACTIVE_ASC',
}

interface List {
  Querystring: QueryString
}

interface One {
  Params: { id: string }
}

/** The routes of endpoints. Each runs a document of operations.graphql and prints its result. */
export const endpointRoutes: FastifyPluginAsync<RestOptions> = async (app, { executor, publicUrl }) => {
  const readInput = bodyReader<WebhookEndpointInput>(executor.input('WebhookEndpointInput'))
  const readPatch = bodyReader<WebhookEndpointPatch>(executor.input('WebhookEndpointPatch'))

  app.get<List>('/endpoint', { onRequest: requires(ListEndpointsDocument) }, async (request) => {
    const range = readPage(request.query, ORDERS)
    const { page } = await executor.run(ListEndpointsDocument, range, request)
    const { totalCount, nodes } = present(page)
    return pageJson(urlOf(request, publicUrl), range, totalCount, nodes.map(endpointJson))
  })

  app.get<List>('/endpoint/search', { onRequest: requires(ListEndpointsDocument) }, async (request) => {
    const { target, ordering: _unused, ...query } = request.query
    const range = readPage(query, ORDERS)
    const filter = { targetContains: Array.isArray(target) ? target.at(-1) : target }
    const { page } = await executor.run(ListEndpointsDocument, { ...range, filter }, request)
    const { totalCount, nodes } = present(page)
    return pageJson(urlOf(request, publicUrl), range, totalCount, nodes.map(endpointJson))
  })

  app.get('/endpoint/event', { onRequest: requires(ListEventTypesDocument) }, async (request) => {
    const { eventTypes } = await executor.run(ListEventTypesDocument, {}, request)
    return present(eventTypes).map(({ type }) => type)
  })

  app.post('/endpoint', { onRequest: requires(CreateEndpointDocument) }, async (request, reply) => {
    const input = readInput(request.body)
    const { created } = await executor.run(CreateEndpointDocument, { input }, request)
    const endpoint = present(created)
    reply.code(201).header('Location', `${publicUrl ?? ''}${app.prefix}/endpoint/${endpoint.id}/`)
    return sendEndpoint(reply, endpoint)
  })

  app.get<One>('/endpoint/:id', { onRequest: requires(GetEndpointDocument) }, async (request, reply) => {
    const endpoint = await findEndpoint(request)
    reply.header('ETag', etagOf(endpoint.version))
    if (isFresh(request.headers, endpoint.version)) return reply.code(304).send()
    return endpointJson(endpoint)
  })

  app.put<One>('/endpoint/:id', { onRequest: requires(ReplaceEndpointDocument) }, async (request, reply) => {
    const { id } = request.params
    const input = readInput(request.body)
    const expectedVersion = await findExpectedVersion(request)
    const { replaced } = await executor.run(ReplaceEndpointDocument, { id, input, expectedVersion }, request)
    return sendEndpoint(reply, present(replaced))
  })

  app.patch<One>('/endpoint/:id', { onRequest: requires(UpdateEndpointDocument) }, async (request, reply) => {
    const { id } = request.params
    const patch = readPatch(request.body)
    const expectedVersion = await findExpectedVersion(request)
    if (expectedVersion !== undefined) patch.expectedVersion = expectedVersion
    const { updated } = await executor.run(UpdateEndpointDocument, { id, patch }, request)
    return sendEndpoint(reply, present(updated))
  })

  app.delete<One>(
    '/endpoint/:id',
    { onRequest: requires(DeleteEndpointDocument) },
    async (request, reply) => {
      const { id } = request.params
      const expectedVersion = await findExpectedVersion(request)
      await executor.run(DeleteEndpointDocument, { id, expectedVersion }, request)
      return reply.code(204).send()
    },
  )

  async function findEndpoint(request: FastifyRequest<One>): Promise<EndpointFragment> {
    const { id } = request.params
    const { endpoint } = await executor.run(GetEndpointDocument, { id }, request)
    if (!endpoint) throw endpointNotFound(id)
    return endpoint
  }

  /**
   * The version on which `If-Match` makes a change conditional; undefined = any. The schema takes one version: of several in
   * the header, this is the stored one, and if the stored one is not among them, any of them, so that the change is a conflict.
   */
  async function findExpectedVersion(request: FastifyRequest<One>): Promise<number | undefined> {
    const accepted = acceptedVersions(request.headers)
    if (accepted === undefined || accepted.length === 1) return accepted?.[0]
    const { version } = await findEndpoint(request)
    return accepted.includes(version) ? version : accepted[0]
  }
}

function sendEndpoint(reply: FastifyReply, endpoint: EndpointFragment) {
  reply.header('ETag', etagOf(endpoint.version))
  return endpointJson(endpoint)
}
