import 'reflect-metadata'
import type { GraphQLSchema } from 'graphql'
import { applyMiddleware } from 'graphql-middleware'
import { buildSchemaSync } from 'type-graphql'
import { permissions } from './permissions'
import { WebhookEndpointResolver } from './webhook-endpoint'
import { WebhookEventTypeResolver } from './webhook-event-type'

/** The schema without its guard: what schema.graphql is printed from. */
export function buildSchema(): GraphQLSchema {
  return buildSchemaSync({
    resolvers: [WebhookEndpointResolver, WebhookEventTypeResolver],
    // Input is judged in endpoints/, which reports every fault at once.
    validate: false,
  })
}

/** The schema that both doors run. */
export const buildGuardedSchema = (): GraphQLSchema => applyMiddleware(buildSchema(), permissions)
