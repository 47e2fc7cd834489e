import { restResult, resultOf } from '../support/answer-problems'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { REST_ENDPOINT_KEYS } from '../support/rest-endpoint'
import { until } from '../support/until'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

describe('the REST API as HTTP', () => {
  it('answers 201 with Location and ETag, and the endpoint is there', async () => {
    const json = { target: 'http://127.0.0.1:9999/hook', events: [{ type: 'post.created' }] }
    const { status, headers, body } = await gateway.rest('POST', 'endpoint/', { json })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/api/v2/webhook/endpoint/${body.id}/`)
    expect(headers.get('etag')).toBe('"1"')
    expect(Object.keys(body)).toEqual(REST_ENDPOINT_KEYS)
    expect(body).toMatchObject({ is_active: true, description: '', ssl_cert_verification: true, ...json })
    expect(body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(body.updated_at).toBe(body.created_at)
    expect((await gateway.rest('GET', `endpoint/${body.id}`)).body).toEqual(body)
  })

  it('works with a trailing slash and without', async () => {
    const { id } = await gateway.createEndpoint()
    for (const path of [
      'endpoint',
      'endpoint/',
      `endpoint/${id}`,
      `endpoint/${id}/`,
      'endpoint/event',
      'endpoint/event/',
      'endpoint/search',
      'endpoint/search/',
    ]) {
      expect([path, (await gateway.rest('GET', path)).status]).toEqual([path, 200])
    }
  })

  it('answers 304 to a caller that has the version', async () => {
    const { id } = await gateway.createEndpoint()
    const get = (tag: string) => gateway.rest('GET', `endpoint/${id}/`, { headers: { 'if-none-match': tag } })
    for (const tag of ['"1"', 'W/"1"', '"0", "1"', '*']) {
      const { status, headers, body } = await get(tag)
      expect([status, headers.get('etag'), body]).toEqual([304, '"1"', undefined])
    }
    expect((await get('"2"')).status).toBe(200)
  })

  it.each([
    ['PUT', 'endpoint/', 'GET, HEAD, POST'],
    ['PATCH', 'endpoint/', 'GET, HEAD, POST'],
    ['DELETE', 'endpoint', 'GET, HEAD, POST'],
    ['POST', 'endpoint/1/', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['POST', 'endpoint/search/', 'GET, HEAD'],
    ['PATCH', 'endpoint/event/', 'GET, HEAD'],
    ['OPTIONS', 'endpoint/', 'GET, HEAD, POST'],
  ])('answers %s %s with 405 and Allow', async (method, path, allow) => {
    const { status, headers, body } = await gateway.rest(method, path)
    expect([status, headers.get('allow')]).toEqual([405, allow])
    expect(body.errors[0].code).toBe('method_not_allowed')
  })

  it('answers HEAD like GET without a body', async () => {
    const { id } = await gateway.createEndpoint()
    const { status, headers, body } = await gateway.rest('HEAD', `endpoint/${id}/`)
    expect([status, headers.get('etag'), body]).toEqual([200, '"1"', undefined])
  })

  it.each([
    ['text/html', 406],
    ['application/xml, text/*', 406],
    ['application/json;q=0', 406],
    ['application/json;q=0, */*', 406],
    ['application/json; charset=latin1', 406],
    ['application/json, text/plain, */*', 200],
    ['text/html, application/*;q=0.5', 200],
    ['application/json; charset=utf-8', 200],
  ])('answers Accept: %s with %i', async (accept, status) => {
    expect((await gateway.rest('GET', 'endpoint/', { headers: { accept } })).status).toBe(status)
  })

  it.each([
    '0',
    '-1',
    '1.0',
    'abc',
    '2147483648',
    '99999999999999999999',
    '01',
    '1e0',
    '%00',
    'a'.repeat(200),
  ])('answers the id %s with 404 like any unknown one', async (id) => {
    for (const method of ['GET', 'DELETE', 'PATCH']) {
      const { status, body } = await gateway.rest(
        method,
        `endpoint/${id}/`,
        method === 'PATCH' ? { json: {} } : {},
      )
      expect([method, status, body.errors[0].code]).toEqual([method, 404, 'not_found'])
    }
  })

  it('answers an unknown address with 404 in the documented form', async () => {
    const { status, body } = await gateway.rest('GET', 'nowhere/')
    expect([status, body.errors[0].code]).toEqual([404, 'not_found'])
  })

  it('names every missing field of a create at once', async () => {
    const { status, body } = await gateway.rest('POST', 'endpoint/', { json: { description: 1 } })
    expect(status).toBe(400)
    expect(
      body.errors
        .map(({ field, messages }: { field: string; messages: { code: string }[] }) => [
          field,
          messages[0]?.code,
        ])
        .sort(),
    ).toEqual([
      ['description', 'wrong_type'],
      ['events', 'required'],
      ['target', 'required'],
    ])
  })

  it.each([
    ['endpoint/', { target: 'ftp://x' }, ['events required', 'target scheme_not_allowed']],
    [
      'endpoint/',
      { target: null, events: [], description: null },
      ['events empty', 'target null_not_allowed'],
    ],
    [
      'endpoint/',
      { target: 'nope', events: [{ type: 'no.such_event' }, {}] },
      ['events.1.type required', 'target invalid_url'],
    ],
    ['event/', { type: 'no.such_event' }, ['data required', 'type unknown_event_type']],
  ])('reports missing fields together with other faults: POST %s %j', async (path, json, faults) => {
    expect(restResult(await gateway.rest('POST', path, { json }))).toEqual(resultOf(400, faults))
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'treats an empty body as none, with any content type: %s',
    async (type) => {
      const { id } = await gateway.createEndpoint()
      const call = { headers: { 'content-type': type }, body: '' }
      expect((await gateway.rest('POST', `endpoint/${id}/secret/expire/`, call)).status).toBe(200)
      const { status } = await gateway.rest('POST', `endpoint/${id}/secret/expire/`, { ...call, body: 'x' })
      expect(status).toBe(415)
    },
  )

  it('rejects a field that it does not have: an overlap of secrets', async () => {
    const { id } = await gateway.createEndpoint()
    const call = { json: { overlap_seconds: 3_600 } }
    expect(restResult(await gateway.rest('POST', `endpoint/${id}/secret/expire/`, call))).toEqual(
      resultOf(400, ['overlap_seconds unknown_field']),
    )
  })

  it('gives every answer a request id that the log knows', async () => {
    const { headers } = await gateway.rest('GET', 'endpoint/?target=secret-in-the-query')
    const id = headers.get('x-request-id')
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    // The log arrives through another pipe, some time after the answer.
    await until(() => gateway.output().includes(String(id)))
    expect(gateway.output()).not.toContain('secret-in-the-query')
  })
})
