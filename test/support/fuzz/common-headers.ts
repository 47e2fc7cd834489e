import fc from 'fast-check'
import { tokenFor } from '../gateway'
import type { Expectation, Validity } from './expectation'

/** The content of the Authorization header. */
type Caller = 'admin' | 'publisher' | 'nobody' | 'none' | 'garbage' | 'expired'

/** The headers that any request has. */
export interface CommonHeaders {
  caller: Caller
  accept?: string
  contentType?: string
  others: Record<string, string>
}

const ACCEPTED = [
  '*/*',
  'application/json',
  'text/html, */*;q=0.1',
  'APPLICATION/JSON; q=0.5',
  'application/*',
]
const UNACCEPTABLE = ['text/html', 'application/xml', 'application/json;q=0', 'json', '\xff']
const JSON_TYPES = ['application/json; charset=utf-8', 'application/json;charset=UTF-8', 'Application/JSON']
const OTHER_TYPES = [
  'text/plain',
  'application/jsonx',
  'multipart/form-data; boundary=x',
  '',
  'json',
  '\xff',
  ';',
]

const NO_HOST = 'no host at all'

const oddHeader = fc.constantFrom<Record<string, string>>(
  { 'content-encoding': 'identity' },
  { 'x-request-id': '\xe9'.repeat(300) },
  { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'gopher' },
  { 'x-http-method-override': 'DELETE' },
  { cookie: 'a=b; '.repeat(100) },
  { range: 'bytes=0-1' },
  { te: 'trailers' },
  { 'accept-encoding': 'gzip, br' },
  { host: 'example.com:8080' },
  { host: NO_HOST },
  { origin: 'null', 'sec-fetch-site': 'cross-site' },
  { 'if-modified-since': 'yesterday' },
)

const weighted = <Value>(weight: number, usual: Value, others: fc.Arbitrary<Value>) =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others })

export const commonHeaders: fc.Arbitrary<CommonHeaders> = fc.record({
  caller: weighted<Caller>(
    24,
    'admin',
    fc.constantFrom<Caller>('publisher', 'nobody', 'none', 'garbage', 'expired'),
  ),
  accept: weighted<string | undefined>(16, undefined, fc.constantFrom(...ACCEPTED, ...UNACCEPTABLE)),
  contentType: weighted<string | undefined>(
    16,
    'application/json',
    fc.constantFrom(undefined, ...JSON_TYPES, ...OTHER_TYPES),
  ),
  others: weighted<Record<string, string>>(16, {}, oddHeader),
})

const TOKENS: Record<Caller, string | undefined> = {
  admin: tokenFor(),
  publisher: tokenFor({ role: 'publisher', sub: 'test' }),
  nobody: tokenFor({ sub: 'test' }),
  none: undefined,
  garbage: 'garbage',
  expired: tokenFor({ role: 'admin', sub: 'test' }, { expiresIn: -60 }),
}

/** @param hasBody whether the headers contain a content type */
export function headersOf(
  { caller, accept, contentType, others }: CommonHeaders,
  hasBody: boolean,
): Record<string, string> {
  const token = TOKENS[caller]
  return {
    ...others,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(accept !== undefined && { accept }),
    ...(hasBody && contentType !== undefined && { 'content-type': contentType }),
  }
}

interface Reasons<Outcome> {
  unauthenticated: Outcome
  forbidden: Outcome
  /** callers with access, beside the admin */
  others?: Caller[]
}

/** Expects a denial of callers without access. */
export function expectForCaller<Outcome>(
  expected: Expectation<Outcome>,
  { caller }: CommonHeaders,
  { unauthenticated, forbidden, others = [] }: Reasons<Outcome>,
): Expectation<Outcome> {
  if (caller === 'admin' || others.includes(caller)) return expected
  return expected.refuse(caller === 'publisher' || caller === 'nobody' ? forbidden : unauthenticated)
}

export const isAcceptable = ({ accept }: CommonHeaders) => accept === undefined || ACCEPTED.includes(accept)

export const contentTypeValidity = ({ contentType }: CommonHeaders): Validity =>
  contentType === 'application/json' || JSON_TYPES.includes(contentType ?? '') ? 'good' : 'bad'

export const namesHost = ({ others }: CommonHeaders) => others.host !== NO_HOST
