/** A receiver's address and what it wants to hear. */
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
  disabledReason: string | null
  /** sorted by type */
  events: EndpointEvent[]
}

export interface EndpointEvent {
  type: string
  addedAt: Date
}

/** A whole endpoint as a caller gives it: on create and on replace. Null is what a caller may send, not may store. */
export interface EndpointInput {
  target: string
  events: { type: string }[]
  isActive: boolean | null
  description: string | null
  sslCertVerification: boolean | null
}

/** Omitted (undefined) = keep. */
export interface EndpointPatch
  extends Partial<{ [Field in keyof EndpointInput]: EndpointInput[Field] | null }> {
  /** the version that the caller has seen; the patch is refused when another is stored */
  expectedVersion?: number | null
}

export const ENDPOINT_ORDERS = [
  'CREATED_AT_ASC',
  'CREATED_AT_DESC',
  'UPDATED_AT_ASC',
  'UPDATED_AT_DESC',
  'IS_ACTIVE_ASC',
  'IS_ACTIVE_DESC',
] as const

export type EndpointOrder = (typeof ENDPOINT_ORDERS)[number]

/** Every condition given must hold. */
export interface EndpointFilter {
  /** part of the target, in any case */
  targetContains?: string | null
  isActive?: boolean | null
  eventType?: string | null
}

export interface EndpointPage {
  totalCount: number
  nodes: Endpoint[]
}
