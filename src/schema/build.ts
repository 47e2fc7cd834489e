import 'reflect-metadata'
import type { GraphQLSchema } from 'graphql'
import { applyMiddleware } from 'graphql-middleware'
import { buildSchemaSync } from 'type-graphql'
import { permissions } from './permissions'
import { WebhookAttemptResolver } from './webhook-attempt'
import { WebhookEndpointResolver } from './webhook-endpoint'
import { WebhookDeliveryResolver, WebhookEventResolver } from './webhook-event'
import { WebhookEventTypeResolver } from './webhook-event-type'
import { WebhookSecretResolver } from './webhook-secret'

/** The schema without its guard: what schema.graphql is printed from. */
export function buildSchema(): GraphQLSchema {
  return buildSchemaSync({
    resolvers: [
      WebhookAttemptResolver,
      WebhookDeliveryResolver,
      WebhookEndpointResolver,
      WebhookEventResolver,
      WebhookEventTypeResolver,
      WebhookSecretResolver,
    ],
    // Input is judged in endpoints/, which reports every fault at once.
    validate: false,
  })
}

/** The schema that both doors run. */
export const buildGuardedSchema = (): GraphQLSchema => applyMiddleware(buildSchema(), permissions)
