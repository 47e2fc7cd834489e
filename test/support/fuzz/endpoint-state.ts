/** An endpoint as the last answer showed it, in the spelling of GraphQL. */
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
  events: { type: string; addedAt: string }[]
}

/** The fields that a request writes. An absent field keeps its value. */
export interface Written {
  target?: string
  description?: string
  isActive?: boolean
  sslCertVerification?: boolean
  types?: string[]
}

/** The values that creations and replacements write to absent fields. */
const DEFAULTS: Written = { description: '', isActive: true, sslCertVerification: true }

/**
 * The fields that an accepted JSON body writes, in the spelling of REST or GraphQL.
 *
 * @param whole whether absent fields get their defaults, as in a creation or a replacement
 */
export function writtenBy(json: unknown, whole: boolean): Written {
  const fields = json as Record<string, unknown>
  const given: Written = {
    target: fields.target as string | undefined,
    description: fields.description === null ? '' : (fields.description as string | undefined),
    isActive: (fields.is_active ?? fields.isActive) as boolean | undefined,
    sslCertVerification: (fields.ssl_cert_verification ?? fields.sslCertVerification) as boolean | undefined,
    types: fields.events === undefined ? undefined : typesOf(fields.events),
  }
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return whole ? { ...DEFAULTS, ...present } : present
}

/** A single event is accepted as a list of one. */
const typesOf = (events: unknown) => [
  ...new Set((Array.isArray(events) ? events : [events]).map(({ type }: { type: string }) => type)),
]

/** A created endpoint has the requested fields and version 1. */
export function expectCreated(after: EndpointState, written: Written): void {
  const { types = [], ...fields } = written
  expect(after).toMatchObject({ ...fields, version: 1, updatedAt: after.createdAt, disabledReason: null })
  expect(after.events.map(({ type }) => type)).toEqual([...types].sort())
}

/** A change writes only the given fields. The version rises only when a field changed. */
export function expectChanged(before: EndpointState, after: EndpointState, written: Written): void {
  const { types, ...fields } = written
  const wantedTypes = types === undefined ? before.events.map(({ type }) => type) : [...types].sort()
  const addedAt = new Map(before.events.map((event) => [event.type, event.addedAt]))
  const changesFields = Object.entries(fields).some(
    ([name, value]) => before[name as keyof typeof fields] !== value,
  )
  const changesEvents =
    wantedTypes.length !== before.events.length || wantedTypes.some((type) => !addedAt.has(type))
  if (!changesFields && !changesEvents) {
    expect(after).toEqual(before)
    return
  }
  expect(after).toEqual({
    ...before,
    ...fields,
    version: before.version + 1,
    updatedAt: after.updatedAt,
    // Types that stay keep their addedAt; new ones have that of the change.
    events: wantedTypes.map((type) => ({ type, addedAt: addedAt.get(type) ?? after.updatedAt })),
  })
  expect(Date.parse(after.updatedAt)).toBeGreaterThanOrEqual(Date.parse(before.updatedAt))
}

/** Holds for any two reads of an endpoint, with any changes in between. */
export function expectSuccession(before: EndpointState, after: EndpointState): void {
  if (after.version === before.version) expect(after).toEqual(before)
  expect(after.version).toBeGreaterThanOrEqual(before.version)
  expect(after.createdAt).toBe(before.createdAt)
  expect(Date.parse(after.updatedAt)).toBeGreaterThanOrEqual(Date.parse(before.updatedAt))
}

/** The documented JSON of an endpoint. */
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
