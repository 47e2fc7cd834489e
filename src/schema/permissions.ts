import { allow, deny, rule, shield } from 'graphql-shield'
import type { Caller } from '../auth/bearer-token'
import type { Role } from '../auth/viewer'
import { Failure } from '../failure'
import type { Context } from './context'

/** Who may call what. An operation that is not here is denied. */
const ACCESS: Record<'Query' | 'Mutation', Record<string, Role[]>> = {
  Query: {
    webhookEndpoint: ['admin'],
    webhookEndpoints: ['admin'],
    webhookEventTypes: ['admin'],
  },
  Mutation: {
    createWebhookEndpoint: ['admin'],
    updateWebhookEndpoint: ['admin'],
    replaceWebhookEndpoint: ['admin'],
    deleteWebhookEndpoint: ['admin'],
  },
}

/** What is reached through an operation was granted with it. A type that is not here is denied. */
const REACHED = {
  WebhookEndpoint: allow,
  WebhookEndpointEvent: allow,
  WebhookEndpointPage: allow,
  WebhookEventType: allow,
}

/**
 * Why a caller may not call a field of Query or Mutation; undefined = may. The rules below and the REST door, which
 * asks before it reads a body, both go by it.
 */
export function refusalOf(caller: Caller, parent: 'Query' | 'Mutation', field: string): Failure | undefined {
  if (caller.refusal) return caller.refusal
  const roles = ACCESS[parent][field] ?? []
  if (roles.some((role) => caller.viewer.roles.includes(role))) return undefined
  return new Failure('forbidden', `This needs the role ${roles.join(' or ') || 'of nobody'}.`)
}

/** Cached by who is asking alone: no rule reads arguments, so an answer never tells whether an id exists. */
function rulesFor(parent: 'Query' | 'Mutation') {
  const rules = Object.keys(ACCESS[parent]).map((field) => {
    const mayCall = rule(`${parent}.${field}`, { cache: 'contextual' })(
      (_parent, _args, { caller }: Context) => refusalOf(caller, parent, field) ?? true,
    )
    return [field, mayCall]
  })
  return { '*': deny, ...Object.fromEntries(rules) }
}

export const permissions = shield(
  { Query: rulesFor('Query'), Mutation: rulesFor('Mutation'), ...REACHED },
  {
    fallbackRule: deny,
    fallbackError: new Failure('forbidden', 'This is not allowed.'),
    // What resolvers throw reaches the door, which masks what is not meant for callers.
    allowExternalErrors: true,
  },
)
