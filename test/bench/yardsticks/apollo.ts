import fastify from 'fastify'
import { buildSchema, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql'
import { pino } from 'pino'
import { graphqlPlugin } from '../../../src/http/graphql-plugin'
// For the caller, which the door reads and the server declares.
import type {} from '../../../src/http/server'
import { type EndpointPatch, type EndpointRow, EndpointRows } from './endpoint-rows'
import { ENDPOINT_SCHEMA } from './endpoint-schema'
import { serving } from './serving'

/**
 * Apollo Server on Fastify through the gateway's own door, so with just the same plugins, rules and settings, in front
 * of a tiny schema: no check of the caller, no guard, no judging of input.
 *
 * `BEHIND=memory` answers from memory: `apollo-memory`, what Apollo Server leaves room for at most. `BEHIND=update`
 * runs the prepared UPDATE of `bare`: `apollo-update`, what a GraphQL gateway on Apollo Server can do at most.
 */
type Update = (id: string, patch: EndpointPatch) => EndpointRow | Promise<EndpointRow | undefined>

function schemaFor(update: Update): GraphQLSchema {
  const schema = buildSchema(ENDPOINT_SCHEMA)
  const field = schema.getMutationType()?.getFields().updateWebhookEndpoint
  if (!field) throw new Error('the schema has no update')
  const resolve: GraphQLFieldResolver<unknown, unknown> = (_root, { id, patch }) => update(id, patch)
  field.resolve = resolve
  return schema
}

function fromMemory(): Update {
  const now = new Date()
  const stored: Omit<EndpointRow, 'id'> = {
    createdAt: now,
    updatedAt: now,
    version: 1,
    isActive: true,
    target: '',
    description: '',
    sslCertVerification: true,
    disabledReason: null,
    events: EVENTS.map((type) => ({ type, addedAt: now.toISOString() })),
  }
  return (id, { description }) => ({
    ...stored,
    id: Number(id),
    target: `https://receiver-${id}.example.com/hooks`,
    description: description ?? '',
    version: 2,
    updatedAt: new Date(),
  })
}

const EVENTS = (process.env.EVENTS ?? '').split(',')

function byUpdate(): Update {
  const rows = new EndpointRows()
  return (id, patch) => rows.update(id, patch)
}

async function main(): Promise<void> {
  const schema = schemaFor(process.env.BEHIND === 'memory' ? fromMemory() : byUpdate())
  const log = pino({ level: 'warn' })
  const app = fastify()
  await app.register(graphqlPlugin({ schema, core: {} as never, production: true, log }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  serving(app.server)
}

main()
