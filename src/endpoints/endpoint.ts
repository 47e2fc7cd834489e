import type { WorkerNotifications } from '../database/notifications'
import type { Query } from '../database/query'
import type { PrismaClient } from '../generated/prisma/client'
import { EndpointDisabledReason } from '../generated/prisma/enums'
import type { Keyring } from '../secrets/keyring'
import type { EventCatalogue } from './event-types/event-catalogue'
import type { ValidateTarget } from './targets/target-policy'

export { EndpointDisabledReason }

/** A receiver's address and the event types it gets. */
export interface Endpoint {
  id: number
  createdAt: Date
  updatedAt: Date
  /** 1 when created, raised by one on every effective change */
  version: number
  isActive: boolean
  target: string
  description: string
  sslCertVerification: boolean
  /** set when the gateway itself switched the endpoint off */
  disabledReason: EndpointDisabledReason | null
  disabledAt: Date | null
  /** the event types that the endpoint listens to, sorted */
  events: EndpointEventType[]
}

/** An event type that an endpoint listens to. */
export interface EndpointEventType {
  type: string
  addedAt: Date
}

/** A whole endpoint as a caller gives it, on create and on replace. A caller may send null, but null is never stored. */
export interface EndpointInput {
  target: string
  /** the event types to listen to */
  events: { type: string }[]
  isActive: boolean | null
  description: string | null
  sslCertVerification: boolean | null
}

/** Omitted (undefined) = keep. */
export interface EndpointPatch
  extends Partial<{ [Field in keyof EndpointInput]: EndpointInput[Field] | null }> {
  /** event types to listen to as well; not together with `events` */
  addEvents?: { type: string }[] | null
  /** event types to listen to no longer; not together with `events` */
  removeEvents?: { type: string }[] | null
  /** the version that the caller has seen; with another version stored, the patch fails */
  expectedVersion?: number | null
}

export enum EndpointOrder {
  CREATED_AT_ASC = 'CREATED_AT_ASC',
  CREATED_AT_DESC = 'CREATED_AT_DESC',
  UPDATED_AT_ASC = 'UPDATED_AT_ASC',
  UPDATED_AT_DESC = 'UPDATED_AT_DESC',
  IS_ACTIVE_ASC = 'IS_ACTIVE_ASC',
  IS_ACTIVE_DESC = 'IS_ACTIVE_DESC',
}

/** A change of one endpoint. See update-endpoint.sql. */
export interface EndpointChange {
  endpointId: number
  /** new values by column */
  patch: Record<string, unknown>
  /** the new set of event types; undefined = keep, but for those to add and to remove */
  eventTypes?: string[]
  addTypes?: string[]
  removeTypes?: string[]
  /** the version that must be stored; undefined = any */
  expectedVersion?: number
}

/** What has become of a change; null = the endpoint is unknown or deleted. */
export type ChangeResult = {
  outcome: 'changed' | 'unchanged' | 'emptied' | 'conflict'
  endpoint: EndpointJson
} | null

/** Stores one change. It resolves when the change is committed. */
export type ChangeEndpoint = (change: EndpointChange) => Promise<ChangeResult>

/** The parts of the gateway that work on endpoints needs. */
export interface EndpointsCore {
  prisma: PrismaClient
  query: Query
  keyring: Keyring
  catalogue: EventCatalogue
  validateTarget: ValidateTarget
  /** wakes workers of any process, because deliveries may be due */
  notifyWorkers: WorkerNotifications['notifyWorkers']
  /** reads one endpoint; calls of one turn of the event loop share a statement */
  readEndpoint: (id: number) => Promise<Endpoint | undefined>
  /** stores one change; calls that arrive together share a statement */
  changeEndpoint: ChangeEndpoint
}

/** An endpoint as the SQL function endpoint_json writes it: instants are texts. */
export type EndpointJson = Omit<Endpoint, 'createdAt' | 'updatedAt' | 'disabledAt' | 'events'> & {
  createdAt: string
  updatedAt: string
  disabledAt: string | null
  events: { type: string; addedAt: string }[]
}

export const fromJson = (json: EndpointJson): Endpoint => ({
  ...json,
  createdAt: new Date(json.createdAt),
  updatedAt: new Date(json.updatedAt),
  disabledAt: json.disabledAt === null ? null : new Date(json.disabledAt),
  events: json.events.map(({ type, addedAt }) => ({ type, addedAt: new Date(addedAt) })),
})

/** The fields of an endpoint that a caller may write, without the event types, which are rows of another table. */
type WritableFields = { [Field in Exclude<keyof EndpointInput, 'events'>]: EndpointInput[Field] | undefined }

/** The values that a validated input or patch writes; undefined = the caller did not give the field. */
export const writableFields = (given: EndpointPatch | EndpointInput) =>
  ({
    target: given.target ?? undefined,
    // Null means the empty description. Validation lets no other null pass.
    description: given.description === null ? '' : given.description,
    isActive: given.isActive ?? undefined,
    sslCertVerification: given.sslCertVerification ?? undefined,
  }) satisfies WritableFields

/** The event types that a caller gives, each once; undefined = the caller did not give them. */
export const eventTypesOf = (events: { type: string }[] | null | undefined): string[] | undefined =>
  events ? [...new Set(events.map(({ type }) => type))] : undefined
