import 'reflect-metadata'
import { type GraphQLSchema, isObjectType } from 'graphql'
import { applyMiddleware } from 'graphql-middleware'
import { buildSchemaSync } from 'type-graphql'
import { isOpen, permissions } from './permissions'
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
export const buildGuardedSchema = (): GraphQLSchema => guardSchema(buildSchema())

/**
 * Puts the guard before every field that is not open to whoever reaches it. Shield alone would make two promises of
 * each of those as well.
 */
export function guardSchema(schema: GraphQLSchema): GraphQLSchema {
  const guarded = applyMiddleware(schema, permissions)
  for (const type of Object.values(guarded.getTypeMap())) {
    const unguarded = schema.getType(type.name)
    if (!isObjectType(type) || !isObjectType(unguarded)) continue
    for (const field of Object.values(type.getFields())) {
      if (isOpen(type.name, field.name)) field.resolve = unguarded.getFields()[field.name]?.resolve
    }
  }
  return guarded
}
