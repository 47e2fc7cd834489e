import { gzipSync } from 'node:zlib'
import {
  type Fault,
  graphqlCodes,
  graphqlProblems,
  graphqlSpelling,
  restResult,
  resultOf,
} from '../support/answer-problems'
import { DELETE, GET, REPLACE, UPDATE } from '../support/endpoint-documents'
import { type RestAnswer, type RestOptions, startTestGateway, type TestGateway } from '../support/gateway'

const BODY_LIMIT = 256 * 1024
/** GraphQL documents may publish 256 KiB of data. */
const GRAPHQL_BODY_LIMIT = 272 * 1024
const JSON_TYPE = { 'content-type': 'application/json' }
const ENDPOINT = { target: 'https://example.com/hook', events: [{ type: 'post.created' }] }

let gateway: TestGateway
let id: string
let stored: Record<string, unknown>

const readStored = async () => (await gateway.gql(GET, { id })).data.webhookEndpoint

beforeAll(async () => {
  gateway = await startTestGateway()
})
beforeEach(async () => {
  id = String((await gateway.createEndpoint(ENDPOINT)).id)
  // Version 2: neither the first nor one that a case below expects.
  await patchByRest({ json: { description: 'a note' } })
  stored = await readStored()
})
afterEach(async () => expect(await readStored()).toEqual(stored))
afterAll(() => gateway?.stop())

const patchByRest = (options: RestOptions) => gateway.rest('PATCH', `endpoint/${id}/`, options)
const patchByGraphql = (patch: unknown) => gateway.gql(UPDATE, { id, patch })

/** Sends a body to `/graphql` unchanged. */
async function postGraphql(body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminToken}`, ...headers },
    body,
  })
  return { status: response.status, ...((await response.json()) as { errors?: unknown[] }) }
}

/** A GraphQL request whose patch is written in these bytes. */
function requestWith(patch: string | Uint8Array): Buffer {
  const start = `{"query": ${JSON.stringify(UPDATE)}, "variables": {"id": "${id}", "patch": `
  return Buffer.concat([Buffer.from(start), Buffer.from(patch), Buffer.from('}}')])
}

describe('a patch that is not JSON is rejected by REST and GraphQL', () => {
  const rows: [name: string, body: string | Uint8Array, fault?: Fault][] = [
    ['nothing', '', 'required'],
    ['white space', ' \n '],
    ['truncated', '{"is_active": fal'],
    ['truncated after a good field', '{"is_active": false'],
    ['a trailing comma', '{"is_active": false,}'],
    ['single quotes', "{'is_active': false}"],
    ['a name without quotes', '{is_active: false}'],
    ['a comment', '{"is_active": false /* off */}'],
    ['NaN', '{"is_active": NaN}'],
    ['undefined', '{"is_active": undefined}'],
    ['True', '{"is_active": True}'],
    ['two values', '{"is_active": false}{"is_active": false}'],
    ['a form', 'is_active=false'],
    ['a newline in a string', '{"description": "a\nb"}'],
    ['invalid UTF-8', Buffer.from('{"description": "\xff\xfe"}', 'latin1')],
    ['UTF-8 cut short', Buffer.from('{"description": "\xe2\x82"}', 'latin1')],
    ['a surrogate in UTF-8', Buffer.from('{"description": "\xed\xa0\x80"}', 'latin1')],
    ['UTF-16', Buffer.from('{"is_active": false}', 'utf16le')],
    ['compressed', gzipSync('{"is_active": false}')],
  ]
  it.each(rows)('%s', async (_name, body, fault = 'malformed') => {
    const rest = await patchByRest({ headers: JSON_TYPE, body })
    expect(restResult(rest)).toEqual(resultOf(400, [fault]))
    const graphql = await postGraphql(requestWith(body))
    expect(graphql).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })

  const requests = ['', '[]', '"x"', '1', 'null', '{}', '[{"query": "{__typename}"}]', '{"query": 1}']
  it.each(requests)('as the GraphQL request %j', async (body) => {
    expect(await postGraphql(body)).toMatchObject({ status: 400, errors: [{}] })
  })
})

describe('a body that the gateway does not read is rejected by REST and GraphQL', () => {
  const SWITCH_OFF = '{"is_active": false}'
  const SWITCH_OFF_BY_GRAPHQL = '{"isActive": false}'
  const padded = (body: string | Uint8Array, length: number) =>
    Buffer.concat([Buffer.from(body), Buffer.alloc(length - body.length, ' ')])

  it('above 256 KiB, by GraphQL above 272 KiB', async () => {
    const rest = await patchByRest({ headers: JSON_TYPE, body: padded(SWITCH_OFF, BODY_LIMIT + 1) })
    expect(restResult(rest)).toEqual(resultOf(413, ['too_large']))
    const graphql = await postGraphql(padded(requestWith(SWITCH_OFF_BY_GRAPHQL), GRAPHQL_BODY_LIMIT + 1))
    expect(graphql).toMatchObject({ status: 413, errors: [{}] })
  })

  it('but accepted at exactly these limits', async () => {
    expect(await patchByRest({ headers: JSON_TYPE, body: padded('{}', BODY_LIMIT) })).toMatchObject({
      status: 200,
    })
    const graphql = await postGraphql(padded(requestWith('{}'), GRAPHQL_BODY_LIMIT))
    expect(graphql).toMatchObject({ status: 200, data: { updateWebhookEndpoint: { id } } })
  })

  const contentTypes: [name: string, headers: Record<string, string>][] = [
    ['no content type', {}],
    ['an empty content type', { 'content-type': '' }],
    ['text/plain', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a form of parts', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['XML', { 'content-type': 'application/xml' }],
    ['a name that starts like JSON', { 'content-type': 'application/jsonx' }],
    ['JSON Patch', { 'content-type': 'application/json-patch+json' }],
    ['JSON in a list of types', { 'content-type': 'text/plain, application/json' }],
    ['JSON as a parameter', { 'content-type': 'text/plain; application/json' }],
    ['garbage', { 'content-type': '///' }],
  ]
  it.each(contentTypes)('with %s', async (_name, headers) => {
    const rest = await patchByRest({ headers, body: Buffer.from(SWITCH_OFF) })
    expect(restResult(rest)).toEqual(resultOf(415, ['unsupported_media_type']))
    const graphql = await postGraphql(requestWith(SWITCH_OFF_BY_GRAPHQL), headers)
    expect([400, 415]).toContain(graphql.status)
  })

  const encodings = ['gzip', 'deflate', 'br', 'gzip, identity', 'nonsense']
  it.each(encodings)('encoded as %s, or only declared so', async (encoding) => {
    const headers = { ...JSON_TYPE, 'content-encoding': encoding }
    for (const encode of [gzipSync, (bytes: string | Uint8Array) => Buffer.from(bytes)]) {
      const rest = await patchByRest({ headers, body: encode(SWITCH_OFF) })
      expect(restResult(rest)).toEqual(resultOf(415, ['unsupported_media_type']))
      const graphql = await postGraphql(encode(requestWith(SWITCH_OFF_BY_GRAPHQL)), headers)
      expect([400, 415]).toContain(graphql.status)
    }
  })
})

describe('an id without an endpoint is not found by every operation of REST and GraphQL', () => {
  const named = (value: string) => [JSON.stringify(value), value]
  const ids = [
    ...['0', '-1', '1.5', '1.0', '1e0', '1e3', '+1', '01', '0x1', '1 ', ' 1', ' ', '1\n', '1\0', '\0', '1,2'],
    ...['abc', 'null', 'NaN', '１', '١', 'é', '🙂', '%', '1; DROP TABLE endpoints', "1' OR '1'='1"],
    ...['999999', '2147483647', '2147483648', '4294967297', '18446744073709551617'],
  ]
  it.each([...ids.map(named), ['5,000 digits', '9'.repeat(5000)]])('%s', async (_name, unknown) => {
    const path = `endpoint/${encodeURIComponent(unknown)}/`
    for (const [method, json] of [
      ['PATCH', { is_active: false }],
      ['PUT', ENDPOINT],
      ['DELETE', undefined],
      ['GET', undefined],
    ] as const) {
      const rest = await gateway.rest(method, path, { json })
      expect({ method, ...restResult(rest) }).toEqual({ method, ...resultOf(404, ['not_found']) })
    }
    for (const document of [UPDATE, REPLACE, DELETE]) {
      const graphql = await gateway.gql(document, {
        id: unknown,
        patch: { isActive: false },
        input: ENDPOINT,
      })
      expect(graphqlCodes(graphql)).toEqual(['NOT_FOUND'])
      expect(Object.values(graphql.data)).toEqual([null])
    }
    expect(await gateway.gql(GET, { id: unknown })).toEqual({ status: 200, data: { webhookEndpoint: null } })
  })

  it.each(['%', '%zz', '%ff', '%c0%af'])('a path that cannot be decoded: %s', async (segment) => {
    const rest = await gateway.rest('PATCH', `endpoint/${segment}/`, { json: { is_active: false } })
    expect(restResult(rest)).toEqual(resultOf(404, ['not_found']))
  })

  it('an empty id', async () => {
    const graphql = await gateway.gql(UPDATE, { id: '', patch: { isActive: false } })
    expect(graphqlCodes(graphql)).toEqual(['NOT_FOUND'])
    const rest = await gateway.rest('PATCH', 'endpoint//', { json: { is_active: false } })
    expect(restResult(rest)).toEqual(resultOf(404, ['not_found']))
  })

  it('even with an expected version', async () => {
    const headers = { 'if-match': '"1"' }
    const rest = await gateway.rest('PATCH', 'endpoint/999999/', { json: { is_active: false }, headers })
    expect(restResult(rest)).toEqual(resultOf(404, ['not_found']))
    const patch = { isActive: false, expectedVersion: 1 }
    expect(graphqlCodes(await gateway.gql(UPDATE, { id: '999999', patch }))).toEqual(['NOT_FOUND'])
  })
})

describe('a patch of another version than the stored one is refused with the current endpoint', () => {
  const stale = ['"999"', '"1"', '"3"', '"999", "1"', 'W/"1"', 'W/"999"', '"1-gzip"', '"22-gzip"']
  const garbage = ['2', "'2'", '"2', '""', '"02"', '"+2"', '"2.0"', '"two"', 'null', '"2147483648"', '"-2"']
  it.each([...stale, ...garbage])('If-Match: %s', async (etag) => {
    for (const json of [{ is_active: false }, {}]) {
      const rest = await patchByRest({ json, headers: { 'if-match': etag } })
      expect(restResult(rest)).toEqual(resultOf(412, ['version_conflict']))
      expectCurrent(rest)
    }
  })

  function expectCurrent({ body, headers }: RestAnswer) {
    const { version, disabledReason, disabledAt, ...documented } = stored
    expect(graphqlSpelling(body.current)).toEqual({ ...documented, id: Number(id) })
    expect(headers.get('etag')).toBe(`"${version}"`)
  }

  it.each([999, 1, 3, 0, -1, 2_147_483_647])('expectedVersion: %i', async (expectedVersion) => {
    for (const patch of [{ isActive: false }, {}]) {
      const graphql = await patchByGraphql({ ...patch, expectedVersion })
      expect(graphqlCodes(graphql)).toEqual(['VERSION_CONFLICT'])
      expect(graphql.errors?.[0]?.extensions?.current).toEqual(stored)
      expect(Object.values(graphql.data)).toEqual([null])
    }
  })

  it('and so are a replacement and a deletion', async () => {
    const { target } = stored
    const input = { ...ENDPOINT, target }
    for (const [mutation, variables] of [
      [REPLACE, { id, input, expectedVersion: 999 }],
      [DELETE, { id, expectedVersion: 999 }],
    ] as const) {
      const graphql = await gateway.gql(mutation, variables)
      expect(graphqlCodes(graphql)).toEqual(['VERSION_CONFLICT'])
      expect(graphql.errors?.[0]?.extensions?.current).toEqual(stored)
    }
  })

  it('unless it is invalid, which REST and GraphQL report first', async () => {
    const rest = await patchByRest({ json: { target: '' }, headers: { 'if-match': '"999"' } })
    expect(restResult(rest)).toEqual(resultOf(400, ['target invalid_url']))
    const graphql = await patchByGraphql({ target: '', expectedVersion: 999 })
    expect(graphqlProblems(graphql)).toEqual(['patch: target INVALID_URL'])
  })
})
