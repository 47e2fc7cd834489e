import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'
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
    webhookEvent: ['admin'],
    webhookAttempts: ['admin'],
  },
  Mutation: {
    createWebhookEndpoint: ['admin'],
    updateWebhookEndpoint: ['admin'],
    replaceWebhookEndpoint: ['admin'],
    deleteWebhookEndpoint: ['admin'],
    publishWebhookEvent: ['admin', 'publisher'],
    resendWebhookEvents: ['admin'],
    sendTestWebhookEvent: ['admin'],
    revealWebhookEndpointSecret: ['admin'],
    expireWebhookEndpointSecret: ['admin'],
  },
}

/**
 * Why a caller may not call a field of Query or Mutation; undefined = may. The rules below and the REST door, which
 * asks before it reads a body, both go by it.
 */
export function denialOf(caller: Caller, parent: 'Query' | 'Mutation', field: string): Failure | undefined {
  return denialUnless(ACCESS[parent][field] ?? [], caller)
}

function denialUnless(roles: Role[], { viewer, denial }: Caller): Failure | undefined {
  if (denial) return denial
  if (roles.some((role) => viewer.roles.includes(role))) return undefined
  return new Failure('forbidden', `This needs the role ${roles.join(' or ') || 'of nobody'}.`)
}

const mayReadDeliveries = rule('WebhookEvent.deliveries', { cache: 'contextual' })(
  (_parent, _args, { caller }: Context) => denialUnless(['admin'], caller) ?? true,
)

/** What is reached through an operation was granted with it. A type that is not here is denied. */
const REACHED = {
  WebhookEndpoint: allow,
  WebhookEndpointEvent: allow,
  WebhookEndpointPage: allow,
  WebhookEventType: allow,
  WebhookAttempt: allow,
  WebhookAttemptPage: allow,
  WebhookDelivery: allow,
  // A publisher sees the event, and of its deliveries nothing: they lead to endpoints.
  WebhookEvent: { '*': allow, deliveries: mayReadDeliveries },
}

/** Whether whoever has got as far as this type may read this field of it, without being asked anything more. */
export function isOpen(type: string, field: string): boolean {
  const rules = (REACHED as Record<string, object>)[type] ?? {}
  if (rules === allow) return true
  const byField = rules as Record<string, object>
  return (byField[field] ?? byField['*']) === allow
}

/**
 * Cached by who is asking alone: rules read no arguments, so an answer never tells whether an id exists. The one that
 * reads what is asked of an answer is not cached.
 */
function rulesFor(parent: 'Query' | 'Mutation') {
  const rules = Object.keys(ACCESS[parent]).map((field) => {
    const isPublish = field === 'publishWebhookEvent'
    const mayCall = rule(`${parent}.${field}`, { cache: isPublish ? 'no_cache' : 'contextual' })(
      (_parent, _args, { caller }: Context, info: GraphQLResolveInfo) =>
        denialOf(caller, parent, field) ?? (isPublish ? publishDenial(caller, info) : undefined) ?? true,
    )
    return [field, mayCall]
  })
  return { '*': deny, ...Object.fromEntries(rules) }
}

/** A field of the answer that would be denied is denied before the event is accepted, not after. */
function publishDenial(caller: Caller, info: GraphQLResolveInfo): Failure | undefined {
  const asksFor = info.fieldNodes.some((node) => selects(node.selectionSet, 'deliveries', info.fragments))
  return asksFor ? denialUnless(['admin'], caller) : undefined
}

function selects(
  set: SelectionSetNode | undefined,
  name: string,
  fragments: GraphQLResolveInfo['fragments'],
): boolean {
  return (set?.selections ?? []).some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === name
    if (selection.kind === Kind.INLINE_FRAGMENT) return selects(selection.selectionSet, name, fragments)
    return selects(fragments[selection.name.value]?.selectionSet, name, fragments)
  })
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
