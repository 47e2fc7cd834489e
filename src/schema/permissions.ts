import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'
import { allow, deny, rule, shield } from 'graphql-shield'
import type { Caller } from '../auth/bearer-token'
import type { Role } from '../auth/viewer'
import { Failure } from '../failure'
import type { Context } from './context'

/** Roles that read endpoints, events, deliveries and attempts. To add a reading role, add it here and to `ROLES` in auth/viewer.ts. */
const READERS: Role[] = ['admin']
/** Roles that change endpoints, send and see secrets. */
const ADMINS: Role[] = ['admin']
/** Roles that publish events. */
const PUBLISHERS: Role[] = ['admin', 'publisher']

/** Who may call what. An operation that is not in this table is denied. */
const ACCESS = {
  Query: {
    webhookEndpoint: READERS,
    webhookEndpoints: READERS,
    webhookEventTypes: READERS,
    webhookEvent: READERS,
    webhookAttempts: READERS,
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
  'WebhookEndpoint',
  'WebhookEndpointEvent',
  'WebhookEndpointPage',
  'WebhookEventType',
  'WebhookAttempt',
  'WebhookAttemptPage',
  'WebhookDelivery',
  'WebhookEvent',
]

type Parent = keyof typeof ACCESS

/**
 * Why a caller may not call a field of the table; undefined = allowed. The rules below use this function, and so does REST, which
 * checks access before it reads a body.
 */
export function denialOf({ viewer, denial }: Caller, parent: Parent, field: string): Failure | undefined {
  if (denial) return denial
  const roles = rolesOf(parent, field) ?? []
  if (roles.some((role) => viewer.roles.includes(role))) return undefined
  const message = roles.length > 0 ? `This needs the role ${roles.join(' or ')}.` : 'No role may do this.'
  return new Failure('forbidden', message)
}

/** Whether a caller who has reached this type may read this field without a further check. */
export const isOpen = (type: string, field: string): boolean =>
  OPEN_TYPES.includes(type) && rolesOf(type, field) === undefined

function rolesOf(type: string, field: string): Role[] | undefined {
  const fields = (ACCESS as Record<string, Record<string, Role[]>>)[type] ?? {}
  return Object.hasOwn(fields, field) ? fields[field] : undefined
}

/**
 * The rules for the fields of one type of the table. Their results are cached for the request, because they depend on the caller
 * alone: no rule reads arguments, so a denial never shows whether an id exists. The rule for a publish reads the selected
 * fields too, so its result is not cached.
 */
function rulesFor(parent: Parent) {
  const rules = Object.keys(ACCESS[parent]).map((field) => {
    const isPublish = field === 'publishWebhookEvent'
    const mayCall = rule(`${parent}.${field}`, { cache: isPublish ? 'no_cache' : 'contextual' })(
      (_parent, _args, { caller }: Context, info: GraphQLResolveInfo) =>
        denialOf(caller, parent, field) ?? (isPublish ? selectionDenial(caller, info) : undefined) ?? true,
    )
    return [field, mayCall]
  })
  return Object.fromEntries(rules)
}

/** Denies a publish before the event is accepted, when a selected field would be denied afterwards. */
function selectionDenial(caller: Caller, info: GraphQLResolveInfo): Failure | undefined {
  const restricted = Object.keys(ACCESS.WebhookEvent).filter((field) =>
    info.fieldNodes.some((node) => selects(node.selectionSet, field, info.fragments)),
  )
  return restricted
    .map((field) => denialOf(caller, 'WebhookEvent', field))
    .find((denial) => denial !== undefined)
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
