import fastify from 'fastify'
import { buildSchema, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql'
import { pino } from 'pino'
import { addNegotiation } from '../../../src/http/accept'
import { addCallers } from '../../../src/http/caller'
import { graphqlPlugin } from '../../../src/http/graphql/plugin'
import { parseJsonBodies } from '../../../src/http/json-bodies'
import { type EndpointPatch, type EndpointRow, EndpointRows } from './endpoint-rows'
import { ENDPOINT_SCHEMA } from './endpoint-schema'
import { serving } from './serving'

/**
 * Apollo Server on Fastify in the gateway's own plugin, so with the same plugins, rules and settings, in front of a
 * small schema. Every caller is an admin: it checks no token, has no access rules and does not validate input.
 *
 * With `BEHIND=memory` (`apollo-memory`) it answers from memory: the upper bound of Apollo Server alone. Otherwise
 * (`apollo-update`) it runs the prepared UPDATE of `bare`: the upper bound of a GraphQL gateway on Apollo Server.
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
  parseJsonBodies(app)
  addNegotiation(app)
  addCallers(app, async () => ({ identity: { subject: '', roles: ['admin'] } }))
  await app.register(graphqlPlugin, { schema, core: {} as never, production: true, log })
  await app.listen({ host: '127.0.0.1', port: 0 })
  serving(app.server)
}

main()
