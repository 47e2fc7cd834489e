import fc from 'fast-check'
import { tokenFor } from '../../gateway'
import type { ExpectedOutcomes } from '../model/expected-outcomes'

/** The caller that the Authorization header names. */
type Caller = 'admin' | 'publisher' | 'no role' | 'no token' | 'malformed token' | 'expired token'

/** The choices that every request has: its caller and its headers. */
export interface RequestStyle {
  caller: Caller
  accept?: string
  contentType?: string
  otherHeaders: Record<string, string>
}

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const ACCEPTED = [
  '*/*',
  'application/json',
  'text/html, */*;q=0.1',
  'APPLICATION/JSON; q=0.5',
  'application/json; indent=4',
  'application/json;odata=verbose;charset="utf8"',
  'application/*',
]
const NOT_ACCEPTABLE = ['text/html', 'application/xml', 'application/json;q=0', 'json', '\xff']

const JSON_TYPE = 'application/json'
const UNUSUAL_JSON_TYPES = [
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
  'Application/JSON',
]
const OTHER_TYPES = [
  'text/plain',
  'application/jsonx',
  'multipart/form-data; boundary=x',
  '',
  'json',
  '\xff',
  ';',
]

/** A value of the Host header that makes no URL. */
const INVALID_HOST = 'no host at all'

const unusualHeader = fc.constantFrom<Record<string, string>>(
  { 'content-encoding': 'identity' },
  { 'x-request-id': '\xe9'.repeat(300) },
  { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'gopher' },
  { 'x-http-method-override': 'DELETE' },
  { cookie: 'a=b; '.repeat(100) },
  { range: 'bytes=0-1' },
  { te: 'trailers' },
  { 'accept-encoding': 'gzip, br' },
  { host: 'example.com:8080' },
  { host: INVALID_HOST },
  { origin: 'null', 'sec-fetch-site': 'cross-site' },
  { 'if-modified-since': 'yesterday' },
)

/** @param weight how often the usual value is chosen, while the others are chosen once */
const mostly = <Value>(weight: number, usual: Value, others: fc.Arbitrary<Value>) =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others })

export const requestStyle: fc.Arbitrary<RequestStyle> = fc.record({
  caller: mostly<Caller>(
    24,
    'admin',
    fc.constantFrom<Caller>('publisher', 'no role', 'no token', 'malformed token', 'expired token'),
  ),
  accept: mostly<string | undefined>(16, undefined, fc.constantFrom(...ACCEPTED, ...NOT_ACCEPTABLE)),
  contentType: mostly<string | undefined>(
    16,
    JSON_TYPE,
    fc.constantFrom(undefined, ...UNUSUAL_JSON_TYPES, ...OTHER_TYPES),
  ),
  otherHeaders: mostly<Record<string, string>>(16, {}, unusualHeader),
})

const TOKENS: Record<Caller, string | undefined> = {
  admin: tokenFor(),
  publisher: tokenFor({ role: 'publisher', sub: 'test' }),
  'no role': tokenFor({ sub: 'test' }),
  'no token': undefined,
  'malformed token': 'garbage',
  'expired token': tokenFor({ role: 'admin', sub: 'test' }, { expiresIn: -60 }),
}

/** @param hasBody false = the content type is left out */
export function headersOf(
  { caller, accept, contentType, otherHeaders }: RequestStyle,
  hasBody: boolean,
): Record<string, string> {
  const token = TOKENS[caller]
  return {
    ...otherHeaders,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(accept !== undefined && { accept }),
    ...(hasBody && contentType !== undefined && { 'content-type': contentType }),
  }
}

interface Denial<Outcome> {
  unauthenticated: Outcome
  forbidden: Outcome
  /** true = publishers are allowed as well as admins */
  isForPublishers?: boolean
}

/** Adds the denial of a caller who may not make the request. */
export function addDenial<Outcome>(
  expected: ExpectedOutcomes<Outcome>,
  { caller }: RequestStyle,
  { unauthenticated, forbidden, isForPublishers = false }: Denial<Outcome>,
): void {
  if (caller === 'admin' || (caller === 'publisher' && isForPublishers)) return
  const isAuthenticated = caller === 'publisher' || caller === 'no role'
  expected.mustFail(isAuthenticated ? forbidden : unauthenticated)
}

export const acceptsJson = ({ accept }: RequestStyle) => accept === undefined || ACCEPTED.includes(accept)

export const hasJsonType = ({ contentType }: RequestStyle) =>
  contentType === JSON_TYPE || UNUSUAL_JSON_TYPES.includes(contentType ?? '')

export const hasValidHost = ({ otherHeaders }: RequestStyle) => otherHeaders.host !== INVALID_HOST
