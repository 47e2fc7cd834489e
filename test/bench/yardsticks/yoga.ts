import { createServer } from 'node:http'
import SchemaBuilder from '@pothos/core'
import { PrismaPg } from '@prisma/adapter-pg'
import { GraphQLError } from 'graphql'
import { GraphQLDateTime } from 'graphql-scalars'
import { createYoga } from 'graphql-yoga'
import { type Prisma, PrismaClient } from '../../../src/generated/prisma/client'
import { requireAdmin, roleOf } from './admin'
import { CONNECTIONS, DATABASE_URL, serving } from './serving'

/**
 * `yoga-pothos-prisma`: the same mutation with popular tools, each used as its manual describes: GraphQL Yoga, Pothos
 * and Prisma, with a check of the caller's role.
 */
interface Context {
  role: string | undefined
}

type EndpointWithEvents = Prisma.EndpointGetPayload<{ include: typeof WITH_EVENTS }>

const WITH_EVENTS = { events: { orderBy: { type: 'asc' } } } satisfies Prisma.EndpointInclude

const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString: DATABASE_URL, max: CONNECTIONS }),
})

const builder = new SchemaBuilder<{
  Context: Context
  Scalars: { DateTime: { Input: Date; Output: Date }; ID: { Input: string; Output: string | number } }
}>({})

builder.addScalarType('DateTime', GraphQLDateTime)

const EndpointEvent = builder
  .objectRef<EndpointWithEvents['events'][number]>('WebhookEndpointEvent')
  .implement({
    fields: (t) => ({
      type: t.exposeString('type'),
      addedAt: t.expose('addedAt', { type: 'DateTime' }),
    }),
  })

const Endpoint = builder.objectRef<EndpointWithEvents>('WebhookEndpoint').implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
    version: t.exposeInt('version'),
    isActive: t.exposeBoolean('isActive'),
    target: t.exposeString('target'),
    description: t.exposeString('description'),
    sslCertVerification: t.exposeBoolean('sslCertVerification'),
    disabledReason: t.exposeString('disabledReason', { nullable: true }),
    events: t.expose('events', { type: [EndpointEvent] }),
  }),
})

const EventInput = builder.inputType('WebhookEndpointEventInput', {
  fields: (t) => ({ type: t.string({ required: true }) }),
})

const Patch = builder.inputType('WebhookEndpointPatch', {
  fields: (t) => ({
    target: t.string(),
    events: t.field({ type: [EventInput] }),
    isActive: t.boolean(),
    description: t.string(),
    sslCertVerification: t.boolean(),
  }),
})

builder.queryType({
  fields: (t) => ({
    webhookEndpoint: t.field({
      type: Endpoint,
      nullable: true,
      args: { id: t.arg.id({ required: true }) },
      resolve: (_root, { id }, { role }) => {
        requireAdmin(role)
        return prisma.endpoint.findUnique({ where: { id: Number(id) }, include: WITH_EVENTS })
      },
    }),
  }),
})

builder.mutationType({
  fields: (t) => ({
    updateWebhookEndpoint: t.field({
      type: Endpoint,
      args: { id: t.arg.id({ required: true }), patch: t.arg({ type: Patch, required: true }) },
      resolve: (_root, { id, patch }, { role }) => {
        requireAdmin(role)
        return update(Number(id), patch)
      },
    }),
  }),
})

async function update(id: number, patch: typeof Patch.$inferInput): Promise<EndpointWithEvents> {
  if (patch.target != null && !URL.canParse(patch.target)) throw new GraphQLError('The target is not a URL.')
  return prisma.endpoint.update({
    where: { id },
    data: {
      target: patch.target ?? undefined,
      description: patch.description ?? undefined,
      isActive: patch.isActive ?? undefined,
      sslCertVerification: patch.sslCertVerification ?? undefined,
      version: { increment: 1 },
      updatedAt: new Date(),
      events: patch.events ? { deleteMany: {}, create: patch.events } : undefined,
    },
    include: WITH_EVENTS,
  })
}

const yoga = createYoga<object, Context>({
  schema: builder.toSchema(),
  context: async ({ request }) => ({ role: await roleOf(request.headers.get('authorization')) }),
  graphiql: false,
  landingPage: false,
})

const server = createServer(yoga)
server.listen(0, '127.0.0.1', () => serving(server))
