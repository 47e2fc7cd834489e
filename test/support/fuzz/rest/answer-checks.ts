import { REST_ENDPOINT_KEYS } from '../../rest-endpoint'
import { jsonOf, type WireAnswer } from '../../wire'
import type { EndpointState } from '../model/endpoint-state'

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const instant = () => expect.stringMatching(INSTANT)
const orNull = (value: unknown, matcher: () => unknown) => (value === null ? null : matcher())
const expectNatural = (value: unknown) => {
  expect(Number.isSafeInteger(value)).toBe(true)
  expect(value).toBeGreaterThanOrEqual(0)
}

/** Every code that an errors body may have: those of api.md and those of the HTTP layer. */
const CODES = new Set(
  `required null_not_allowed invalid_url scheme_not_allowed address_not_allowed too_long unknown_event_type empty
  wrong_type unknown_field unknown_parameter invalid_character unknown_id exclusive out_of_range invalid_choice malformed not_found
  unauthenticated forbidden validation_failed version_conflict idempotency_conflict rate_limited method_not_allowed
  not_acceptable too_large unsupported_media_type`.split(/\s+/),
)

interface EndpointJson {
  id: number
  created_at: string
  updated_at: string
  is_active: boolean
  target: string
  description: string
  events: { type: string; added_at: string }[]
  ssl_cert_verification: boolean
}

/** Throws unless the value has the documented fields of an endpoint, with sorted events and no others. */
export function expectEndpointJson(json: unknown): EndpointJson {
  expect(json).toMatchObject({
    id: expect.any(Number),
    created_at: instant(),
    updated_at: instant(),
    is_active: expect.any(Boolean),
    target: expect.any(String),
    description: expect.any(String),
    events: expect.any(Array),
    ssl_cert_verification: expect.any(Boolean),
  })
  expect(Object.keys(json as object)).toEqual(REST_ENDPOINT_KEYS)
  const endpoint = json as EndpointJson
  expectNatural(endpoint.id)
  expect(endpoint.events).toEqual(
    endpoint.events.map(() => ({ type: expect.any(String), added_at: instant() })),
  )
  const types = endpoint.events.map(({ type }) => type)
  expect(types).toEqual([...new Set(types)].sort())
  return endpoint
}

/** Reads an endpoint from an answer, with its version from the ETag. Throws when the answer has another form. */
export function endpointOf(answer: WireAnswer): EndpointState {
  const json = expectEndpointJson(jsonOf(answer))
  const version = /^"(\d+)"$/.exec(String(answer.headers.etag))?.[1]
  expect(version).toBeDefined()
  return stateOf(json, Number(version))
}

const stateOf = (json: EndpointJson, version: number): EndpointState => ({
  id: String(json.id),
  createdAt: json.created_at,
  updatedAt: json.updated_at,
  version,
  isActive: json.is_active,
  target: json.target,
  description: json.description,
  sslCertVerification: json.ssl_cert_verification,
  disabledReason: null,
  disabledAt: null,
  events: json.events.map(({ type, added_at }) => ({ type, addedAt: added_at })),
})

interface PageJson {
  count: number
  next: string | null
  previous: string | null
  results: unknown[]
}

/** Reads a page of a list from an answer. Throws when the answer has another form. */
export function pageOf(answer: WireAnswer): PageJson {
  const page = jsonOf(answer) as PageJson
  expect(page).toEqual({
    count: expect.any(Number),
    next: orNull(page.next, () => expect.stringMatching(/^https?:\/\/./)),
    previous: orNull(page.previous, () => expect.stringMatching(/^https?:\/\/./)),
    results: expect.any(Array),
  })
  expectNatural(page.count)
  for (const link of [page.next, page.previous]) if (link !== null) expect(URL.canParse(link)).toBe(true)
  expect(page.results.length).toBeLessThanOrEqual(Math.min(page.count, 100))
  return page
}

/** Throws unless the value has the documented fields of an attempt and no others. */
export function expectAttemptJson(json: unknown): void {
  const attempt = json as Record<string, unknown>
  expect(attempt).toEqual({
    id: expect.any(Number),
    created_at: instant(),
    event: { id: expect.any(Number), type: expect.any(String), added_at: instant() },
    sent_at: orNull(attempt.sent_at, instant),
    http_request_body: expect.any(String),
    http_request_signature_header: expect.any(String),
    http_response_code: orNull(attempt.http_response_code, () => expect.any(Number)),
    http_response_body: orNull(attempt.http_response_body, () => expect.any(String)),
    next_retry: orNull(attempt.next_retry, instant),
    number: expect.any(Number),
    error: orNull(attempt.error, () => expect.stringMatching(/^[a-z_]+$/)),
    error_detail: orNull(attempt.error_detail, () => expect.any(String)),
  })
}

/** Throws unless the answer has the documented errors body, and the header that its status requires. */
export function expectErrors(answer: WireAnswer): void {
  const body = jsonOf(answer) as { errors: unknown[]; current?: unknown }
  expect(Object.keys(body)).toEqual(answer.status === 412 ? ['errors', 'current'] : ['errors'])
  expect(body.errors.length).toBeGreaterThan(0)
  for (const error of body.errors as { field?: string; messages?: unknown[] }[]) {
    if (error.field === undefined) {
      expectProblem(error)
    } else {
      expect(error).toEqual({ field: expect.any(String), messages: expect.any(Array) })
      expect(error.messages).not.toEqual([])
      for (const message of error.messages ?? []) expectProblem(message)
    }
  }
  if (answer.status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer')
  if (answer.status === 405) expect(answer.headers.allow).toMatch(/^[A-Z]+(, [A-Z]+)*$/)
}

function expectProblem(problem: unknown): void {
  expect(problem).toEqual({ message: expect.stringMatching(/\S/), code: expect.any(String) })
  expect(CODES).toContain((problem as { code: string }).code)
}
