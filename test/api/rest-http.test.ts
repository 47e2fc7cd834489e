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
    ['application/json, text/plain, */*', 200],
    ['text/html, application/*;q=0.5', 200],
    ['application/json; charset=utf-8', 200],
    ['application/json; charset=utf8', 200],
    ['application/json; charset=latin1', 200],
    ['application/json; indent=4', 200],
    ['application/json;odata=verbose', 200],
    ['APPLICATION/JSON;Version=2;q=0.1', 200],
  ])('answers Accept: %s with %i', async (accept, status) => {
    const { id } = await gateway.createEndpoint()
    for (const [method, json] of [
      ['GET', undefined],
      ['PATCH', { description: 'changed' }],
    ] as const) {
      const answer = await gateway.rest(method, `endpoint/${id}/`, { json, headers: { accept } })
      expect([method, answer.status]).toEqual([method, status])
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    }
    const { body } = await gateway.rest('GET', `endpoint/${id}/`)
    expect(body.description).toBe(status === 200 ? 'changed' : '')
  })

  it.each(['W/"1"', '"1-gzip"', '"1-br"', '"1--gzip"', '"1;gzip"', 'W/"1-zstd"'])(
    'changes the version that is named by a tag as a proxy makes it: %s',
    async (tag) => {
      for (const [method, json] of [
        ['PATCH', { is_active: false }],
        ['PUT', { target: 'http://127.0.0.1:9999/put', events: [{ type: 'post.created' }] }],
        ['DELETE', undefined],
      ] as const) {
        const { id } = await gateway.createEndpoint()
        const call = { json, headers: { 'if-match': tag } }
        expect((await gateway.rest(method, `endpoint/${id}/`, call)).status).toBe(json ? 200 : 204)
        const stale = await gateway.rest(method, `endpoint/${id}/`, call)
        expect([method, stale.status]).toEqual([method, json ? 412 : 404])
      }
      const { id } = await gateway.createEndpoint()
      const read = await gateway.rest('GET', `endpoint/${id}/`, { headers: { 'if-none-match': tag } })
      expect(read.status).toBe(304)
    },
  )

  it.each([
    ['PATCH', 'endpoint/ID/', { events: { type: 'user.created' } }, 'events'],
    ['PUT', 'endpoint/ID/', { target: 'http://127.0.0.1:9999/', events: { type: 'user.created' } }, 'events'],
    ['POST', 'endpoint/', { target: 'http://127.0.0.1:9999/', events: { type: 'user.created' } }, 'events'],
    ['PATCH', 'endpoint/ID/', { events: 'user.created' }, 'events'],
    ['POST', 'endpoint/ID/event/resend/bulk/', { event: 12 }, 'event'],
    ['POST', 'endpoint/ID/event/resend/bulk/', { event: '12' }, 'event'],
  ])('takes no lone value in place of a list: %s %s %j', async (method, path, json, field) => {
    const { id } = await gateway.createEndpoint()
    const answer = await gateway.rest(method, path.replace('ID', id), { json })
    expect(restResult(answer)).toEqual(resultOf(400, [`${field} wrong_type`]))
    const { body } = await gateway.rest('GET', `endpoint/${id}/`)
    expect(body.events.map(({ type }: { type: string }) => type)).toEqual(['post.created'])
  })

  it.each([
    ['application/merge-patch+json', 200],
    ['application/merge-patch+json; charset=utf-8', 200],
    ['Application/Merge-Patch+JSON;charset=UTF-8', 200],
    ['application/json-patch+json', 415],
    ['application/merge-patch', 415],
  ])('answers a patch with Content-Type: %s with %i', async (type, status) => {
    const { id } = await gateway.createEndpoint({ description: 'kept' })
    const body = '{"is_active": false, "description": null}'
    const call = { headers: { 'content-type': type }, body }
    expect((await gateway.rest('PATCH', `endpoint/${id}/`, call)).status).toBe(status)
    const stored = (await gateway.rest('GET', `endpoint/${id}/`)).body
    expect([stored.is_active, stored.description]).toEqual(status === 200 ? [false, ''] : [true, 'kept'])
  })

  it('takes a merge patch from no other method', async () => {
    const { id } = await gateway.createEndpoint()
    const headers = { 'content-type': 'application/merge-patch+json' }
    const body = '{"target": "http://127.0.0.1:9999/other", "events": [{"type": "user.created"}]}'
    for (const [method, path] of [
      ['PUT', `endpoint/${id}/`],
      ['POST', 'endpoint/'],
    ] as const) {
      const answer = await gateway.rest(method, path, { headers, body })
      expect(restResult(answer)).toEqual(resultOf(415, ['unsupported_media_type']))
    }
    const empty = await gateway.rest('POST', `endpoint/${id}/secret/expire/`, { headers, body: '' })
    expect(empty.status).toBe(200)
  })

  it.each(['dry_run=true', 'dry_run', 'dry_run=false', 'limit=1', 'x=1&y=2', 'target=x#', '%64ry_run=1'])(
    'changes nothing when a query parameter is unknown: ?%s',
    async (query) => {
      const { id } = await gateway.createEndpoint()
      const before = await gateway.rest('GET', 'endpoint/')
      const fields = [...new URLSearchParams(query.replace('#', '')).keys()]
      const refused = resultOf(
        400,
        fields.map((name) => `${name} unknown_parameter`),
      )
      for (const [method, path, json] of [
        ['PATCH', `endpoint/${id}/`, { is_active: false }],
        ['PUT', `endpoint/${id}/`, { target: 'http://127.0.0.1:1/', events: [{ type: 'user.created' }] }],
        ['POST', 'endpoint/', { target: 'http://127.0.0.1:1/', events: [{ type: 'user.created' }] }],
        ['POST', `endpoint/${id}/secret/expire/`, undefined],
        ['POST', `endpoint/${id}/secret/reveal/`, undefined],
        ['POST', `endpoint/${id}/event/resend/`, { event: 1 }],
        ['POST', `endpoint/${id}/event/resend/bulk/`, { event: [1] }],
        ['POST', 'event/', { type: 'post.created', data: 1 }],
        ['DELETE', `endpoint/${id}/`, undefined],
      ] as const) {
        const answer = await gateway.rest(method, `${path}?${query}`, { json })
        expect({ method, path, ...restResult(answer) }).toEqual({ method, path, ...refused })
      }
      // A call that reads ignores them.
      const after = await gateway.rest('GET', `endpoint/?${query.replace('limit=1', 'unknown=1')}`)
      expect([after.status, after.body.results]).toEqual([200, before.body.results])
    },
  )

  it('takes a JSON content type without a body as no body', async () => {
    const { id } = await gateway.createEndpoint()
    for (const type of ['application/json', 'application/json; charset=utf-8']) {
      const call = { headers: { 'content-type': type } }
      expect((await gateway.rest('POST', `endpoint/${id}/secret/reveal/`, call)).status).toBe(201)
      expect((await gateway.rest('POST', `endpoint/${id}/secret/expire/`, call)).status).toBe(200)
    }
    const call = { headers: { 'content-type': 'application/json' } }
    expect((await gateway.rest('DELETE', `endpoint/${id}/`, call)).status).toBe(204)
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
