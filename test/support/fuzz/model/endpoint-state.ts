/** An endpoint as the last answer reported it, under the field names of GraphQL. */
export interface EndpointState {
  id: string
  createdAt: string
  updatedAt: string
  version: number
  isActive: boolean
  target: string
  description: string
  sslCertVerification: boolean
  disabledReason: string | null
  disabledAt: string | null
  events: { type: string; addedAt: string }[]
}

/** The fields that a request writes. A field that is absent keeps its value. */
export interface WrittenFields {
  target?: string
  description?: string
  isActive?: boolean
  sslCertVerification?: boolean
  types?: string[]
}

/** Values of the fields that a creation or a replacement leaves out. */
const DEFAULTS: WrittenFields = { description: '', isActive: true, sslCertVerification: true }

/**
 * Reads the written fields from an accepted JSON body of REST or of GraphQL.
 *
 * @param isWhole true = a creation or a replacement, which also writes the defaults of absent fields
 */
export function writtenFields(json: unknown, isWhole: boolean): WrittenFields {
  const fields = json as Record<string, unknown>
  const given: WrittenFields = {
    target: fields.target as string | undefined,
    description: fields.description === null ? '' : (fields.description as string | undefined),
    isActive: (fields.is_active ?? fields.isActive) as boolean | undefined,
    sslCertVerification: (fields.ssl_cert_verification ?? fields.sslCertVerification) as boolean | undefined,
    types: fields.events === undefined ? undefined : typesOf(fields.events),
  }
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return isWhole ? { ...DEFAULTS, ...present } : present
}

/** A single event object counts as a list of one. */
const typesOf = (events: unknown) => [
  ...new Set((Array.isArray(events) ? events : [events]).map(({ type }: { type: string }) => type)),
]

/** Throws unless the created endpoint has the written fields and version 1. */
export function expectCreated(after: EndpointState, written: WrittenFields): void {
  const { types = [], ...fields } = written
  expect(after).toMatchObject({ ...fields, version: 1, updatedAt: after.createdAt, disabledReason: null })
  expect(after.events.map(({ type }) => type)).toEqual([...types].sort())
}

/**
 * Throws unless a request changed exactly the written fields. A request that writes the stored values changes neither
 * `version` nor `updatedAt`.
 */
export function expectChanged(before: EndpointState, after: EndpointState, written: WrittenFields): void {
  const { types, ...fields } = written
  const writtenTypes = types === undefined ? before.events.map(({ type }) => type) : [...types].sort()
  const addedAt = new Map(before.events.map((event) => [event.type, event.addedAt]))
  const changesFields = Object.entries(fields).some(
    ([name, value]) => before[name as keyof typeof fields] !== value,
  )
  const changesEvents =
    writtenTypes.length !== before.events.length || writtenTypes.some((type) => !addedAt.has(type))
  if (!changesFields && !changesEvents) {
    expect(after).toEqual(before)
    return
  }
  expect(after).toEqual({
    ...before,
    ...fields,
    version: before.version + 1,
    updatedAt: after.updatedAt,
    // A type that was there before keeps its addedAt. A new type gets the instant of the change.
    events: writtenTypes.map((type) => ({ type, addedAt: addedAt.get(type) ?? after.updatedAt })),
  })
  expect(Date.parse(after.updatedAt)).toBeGreaterThanOrEqual(Date.parse(before.updatedAt))
}

/** Throws unless the second of two reads can follow the first, with unknown requests between them. */
export function expectSameOrNewer(before: EndpointState, after: EndpointState): void {
  if (after.version === before.version) expect(after).toEqual(before)
  expect(after.version).toBeGreaterThanOrEqual(before.version)
  expect(after.createdAt).toBe(before.createdAt)
  expect(Date.parse(after.updatedAt)).toBeGreaterThanOrEqual(Date.parse(before.updatedAt))
}

/** The documented REST JSON of an endpoint. */
export const restJsonOf = (state: EndpointState) => ({
  id: Number(state.id),
  created_at: state.createdAt,
  updated_at: state.updatedAt,
  is_active: state.isActive,
  target: state.target,
  description: state.description,
  events: state.events.map(({ type, addedAt }) => ({ type, added_at: addedAt })),
  ssl_cert_verification: state.sslCertVerification,
})
