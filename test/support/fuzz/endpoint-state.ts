/** An endpoint as the last answer told it, in the spelling of GraphQL. */
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

/** What a request writes: what is left out stays. */
export interface Written {
  target?: string
  description?: string
  isActive?: boolean
  sslCertVerification?: boolean
  types?: string[]
}

/** What PUT and its twin write where nothing is given. */
const DEFAULTS: Written = { description: '', isActive: true, sslCertVerification: true }

/**
 * What an accepted JSON body writes, be it in the spelling of either door.
 *
 * @param whole also what is left out, as when one is created or replaced
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

/** A lone event counts as a list of one. */
const typesOf = (events: unknown) => [
  ...new Set((Array.isArray(events) ? events : [events]).map(({ type }: { type: string }) => type)),
]

/** A created endpoint is what was asked for, and new. */
export function expectCreated(after: EndpointState, written: Written): void {
  const { types = [], ...fields } = written
  expect(after).toMatchObject({ ...fields, version: 1, updatedAt: after.createdAt, disabledReason: null })
  expect(after.events.map(({ type }) => type)).toEqual([...types].sort())
}

/** A change writes what it was given and nothing else, and leaves a trace only where it changed something. */
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

/** What two reads of an endpoint must have in common, whatever happened in between. */
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
