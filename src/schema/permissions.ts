import { allow, deny, rule, shield } from 'graphql-shield'
import type { Caller } from '../auth/bearer-token'
import type { Role } from '../auth/roles'
import { Failure } from '../failure'
import type { Context } from './context'

/** Roles that read endpoints, events, deliveries and attempts. docs/changing.md adds a role here. */
const READERS: Role[] = ['admin']
/** Roles that change endpoints, send and see secrets. */
const ADMINS: Role[] = ['admin']
const PUBLISHERS: Role[] = ['admin', 'publisher']

/** Who may call what. An operation that is not in this table is denied. */
const ACCESS = {
  Query: {
    webhookEndpoint: READERS,
    webhookEndpoints: READERS,
    webhookEventTypes: READERS,
    webhookEvent: READERS,
    webhookEvents: READERS,
    webhookDelivery: READERS,
    webhookDeliveries: READERS,
    webhookAttempt: READERS,
    webhookAttempts: READERS,
    webhookAttemptPage: READERS,
  },
  Mutation: {
    createWebhookEndpoint: ADMINS,
    updateWebhookEndpoint: ADMINS,
    replaceWebhookEndpoint: ADMINS,
    deleteWebhookEndpoint: ADMINS,
    publishWebhookEvent: PUBLISHERS,
    resendWebhookEvents: ADMINS,
    sendTestWebhookEvent: ADMINS,
    revealWebhookEndpointSecret: ADMINS,
    expireWebhookEndpointSecret: ADMINS,
  },
  // A publisher reads the event that it has published, but not the deliveries: they lead to endpoints.
  WebhookEvent: { deliveries: READERS },
} satisfies Record<string, Record<string, Role[]>>

/**
 * Types that an allowed operation returns: a caller of the operation may read every field that has no row in the table
 * above. A type that is not in this list is denied.
 */
const OPEN_TYPES = [
  'DeleteWebhookEndpointPayload',
  'PublishWebhookEventPayload',
  'ResendWebhookEventsPayload',
  'WebhookEndpoint',
  'WebhookEndpointEvent',
  'WebhookEndpointPage',
  'WebhookEndpointSecret',
  'WebhookEventType',
  'PageInfo',
  'WebhookAttempt',
  'WebhookAttemptConnection',
  'WebhookAttemptEdge',
  'WebhookAttemptPage',
  'WebhookDelivery',
  'WebhookDeliveryConnection',
  'WebhookDeliveryEdge',
  'WebhookEvent',
  'WebhookEventConnection',
  'WebhookEventEdge',
  'WebhookProblem',
]

type Parent = keyof typeof ACCESS

/**
 * Why a caller may not call a field of the table; undefined = allowed. The rules below use this function, and so does REST, which
 * checks access before it reads a body.
 */
export const denialOf = (caller: Caller, parent: Parent, field: string): Failure | undefined =>
  denialWithout(rolesOf(parent, field) ?? [], caller)

/** Why a caller may not read the schema in production; undefined = allowed. In development every caller may. */
export const introspectionDenial = (caller: Caller): Failure | undefined => denialWithout(ADMINS, caller)

function denialWithout(roles: Role[], { identity, denial }: Caller): Failure | undefined {
  if (denial) return denial
  if (roles.some((role) => identity.roles.includes(role))) return undefined
  return new Failure('forbidden', roles.length > 0 ? needOf(roles) : 'No role may do this.')
}

const needOf = (roles: Role[]) => `This needs the role ${roles.join(' or ')}.`

/** The roles that may read the deliveries of an event, as a sentence for the description of the field. */
export const DELIVERIES_NEED = needOf(ACCESS.WebhookEvent.deliveries)

/** Whether a caller who has reached this type may read this field without a further check. */
export const isOpen = (type: string, field: string): boolean =>
  OPEN_TYPES.includes(type) && rolesOf(type, field) === undefined

function rolesOf(type: string, field: string): Role[] | undefined {
  const fields = (ACCESS as Record<string, Record<string, Role[]>>)[type] ?? {}
  return Object.hasOwn(fields, field) ? fields[field] : undefined
}

/**
 * The rules for the fields of one type of the table. A rule depends on the caller alone, so a denial never shows whether an id
 * exists, and is decided once a request.
 */
function rulesFor(parent: Parent) {
  const rules = Object.keys(ACCESS[parent]).map((field) => {
    const mayCall = rule(`${parent}.${field}`, { cache: 'contextual' })(
      (_parent, _args, { caller }: Context) => denialOf(caller, parent, field) ?? true,
    )
    return [field, mayCall]
  })
  return Object.fromEntries(rules)
}

export const permissions = shield(
  {
    ...Object.fromEntries(OPEN_TYPES.map((type) => [type, { '*': allow }])),
    Query: rulesFor('Query'),
    Mutation: rulesFor('Mutation'),
    WebhookEvent: { '*': allow, ...rulesFor('WebhookEvent') },
  },
  {
    fallbackRule: deny,
    fallbackError: new Failure('forbidden', 'This is not allowed.'),
    // Errors of resolvers pass through: schema/errors.ts masks those that are not meant for callers.
    allowExternalErrors: true,
  },
)
