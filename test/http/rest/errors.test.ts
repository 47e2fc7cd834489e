import Fastify, { type FastifyInstance } from 'fastify'
import { Failure, type FailureKind, type Problem, throwProblems } from '../../../src/failure'
import { errorBody, RestError, sendError, sendFailure } from '../../../src/http/rest/errors'

describe('the documented body of an error', () => {
  it('has the problems of one field in one entry, in the order in which they were found', () => {
    const body = errorBody([
      { field: 'target', code: 'too_long', message: 'one' },
      { field: 'events.1.type', code: 'unknown_event_type', message: 'two' },
      { field: 'target', code: 'invalid_url', message: 'three' },
    ])
    expect(body).toEqual({
      errors: [
        {
          field: 'target',
          messages: [
            { message: 'one', code: 'too_long' },
            { message: 'three', code: 'invalid_url' },
          ],
        },
        { field: 'events.1.type', messages: [{ message: 'two', code: 'unknown_event_type' }] },
      ],
    })
  })

  it('names no field for a problem of the request as a whole', () => {
    expect(errorBody([{ code: 'not_found', message: 'none' }])).toEqual({
      errors: [{ message: 'none', code: 'not_found' }],
    })
  })

  it('may have both', () => {
    const problems = [
      { code: 'wrong_type', message: 'whole' },
      { field: 'target', code: 'required', message: 'part' },
    ]
    expect(errorBody(problems).errors).toHaveLength(2)
  })

  it('has fields of any name, such as those that every object inherits', () => {
    const body = errorBody([
      { field: '__proto__', code: 'unknown_field', message: 'x' },
      { field: 'constructor', code: 'unknown_field', message: 'x' },
      { field: '', code: 'unknown_field', message: 'x' },
    ])
    expect(body.errors.map((error) => 'field' in error && error.field)).toEqual([
      '__proto__',
      'constructor',
      '',
    ])
  })
})

describe('RestError', () => {
  it('has the messages of all its problems', () => {
    const error = new RestError(400, [
      { field: 'a', code: 'x', message: 'One.' },
      { code: 'y', message: 'Two.' },
    ])
    expect(error.message).toBe('One. Two.')
  })
})

describe('a failure', () => {
  let app: FastifyInstance
  let failure: Failure

  beforeAll(() => {
    app = Fastify({ genReqId: () => 'request-1' })
    app.get('/', (_request, reply) => sendFailure(reply, failure))
  })
  afterAll(() => app.close())

  const answer = async (thrown: Failure) => {
    failure = thrown
    return app.inject('/')
  }

  it.each<[FailureKind, number]>([
    ['unauthenticated', 401],
    ['forbidden', 403],
    ['not_found', 404],
    ['version_conflict', 412],
    ['rate_limited', 429],
  ])('%s has the status %i', async (kind, status) => {
    const { statusCode, headers, ...response } = await answer(new Failure(kind, 'Because.'))
    expect(statusCode).toBe(status)
    expect(headers['content-type']).toMatch(/^application\/json/)
    expect(response.json()).toEqual({ errors: [{ message: 'Because.', code: kind }] })
  })

  it.each<[FailureKind, number]>([
    ['service_unavailable', 503],
    ['outcome_unknown', 504],
  ])('%s has the status %i and the id that is in the log', async (kind, status) => {
    const logged = await answer(new Failure(kind, 'Because.', { errorId: 'the-id' }))
    expect(logged.statusCode).toBe(status)
    expect(logged.json()).toEqual({ errors: [{ message: 'Because (the-id)', code: kind }] })
    // Every line of the log about a request has the id of the request.
    const unlogged = await answer(new Failure(kind, 'Because.'))
    expect(unlogged.json()).toEqual({ errors: [{ message: 'Because (request-1)', code: kind }] })
  })

  it('names the scheme of authentication', async () => {
    const { headers } = await answer(new Failure('unauthenticated', 'x'))
    expect(headers['www-authenticate']).toBe('Bearer')
    expect((await answer(new Failure('forbidden', 'x'))).headers['www-authenticate']).toBeUndefined()
  })

  it('has the time after which to try again when the gateway is unavailable', async () => {
    const { headers } = await answer(new Failure('service_unavailable', 'x'))
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect((await answer(new Failure('not_found', 'x'))).headers['retry-after']).toBeUndefined()
  })

  it('of the input has the field names of the REST API, and codes in lower case', async () => {
    const problems: Problem[] = [
      { path: ['patch', 'isActive'], code: 'NULL_NOT_ALLOWED', message: 'a' },
      { path: ['patch', 'target'], code: 'TOO_LONG', message: 'b' },
      { path: ['patch', 'events', 1, 'type'], code: 'UNKNOWN_EVENT_TYPE', message: 'c' },
      { path: ['patch', 'target'], code: 'ADDRESS_NOT_ALLOWED', message: 'd' },
      { path: ['input', 'sslCertVerification'], code: 'NULL_NOT_ALLOWED', message: 'e' },
      { path: ['limit'], code: 'OUT_OF_RANGE', message: 'f' },
      { path: ['orderBy'], code: 'REQUIRED', message: 'g' },
      { path: ['filter', 'targetContains'], code: 'INVALID_CHARACTER', message: 'h' },
    ]
    const { statusCode, ...response } = await answer(thrownBy(problems))
    expect(statusCode).toBe(400)
    expect(response.json()).toEqual({
      errors: [
        { field: 'is_active', messages: [{ message: 'a', code: 'null_not_allowed' }] },
        {
          field: 'target',
          messages: [
            { message: 'b', code: 'too_long' },
            { message: 'd', code: 'address_not_allowed' },
            { message: 'h', code: 'invalid_character' },
          ],
        },
        { field: 'events.1.type', messages: [{ message: 'c', code: 'unknown_event_type' }] },
        { field: 'ssl_cert_verification', messages: [{ message: 'e', code: 'null_not_allowed' }] },
        { field: 'limit', messages: [{ message: 'f', code: 'out_of_range' }] },
        { field: 'ordering', messages: [{ message: 'g', code: 'required' }] },
      ],
    })
  })

  it('of a version conflict has the stored endpoint and its entity tag', async () => {
    const current = {
      id: 7,
      createdAt: new Date(0),
      updatedAt: new Date(1_000),
      version: 3,
      isActive: true,
      target: 'https://example.com',
      description: '',
      sslCertVerification: true,
      disabledReason: null,
      events: [{ type: 'post.created', addedAt: new Date(0) }],
    }
    const { statusCode, headers, ...response } = await answer(
      new Failure('version_conflict', 'Changed.', { current }),
    )
    expect(statusCode).toBe(412)
    expect(headers.etag).toBe('"3"')
    expect(response.json()).toMatchObject({ errors: [{ message: 'Changed.', code: 'version_conflict' }] })
    expect(JSON.stringify(response.json())).toContain(
      JSON.stringify({
        id: 7,
        created_at: '1970-01-01T00:00:00.000Z',
        updated_at: '1970-01-01T00:00:01.000Z',
        is_active: true,
        target: 'https://example.com',
        description: '',
        events: [{ type: 'post.created', added_at: '1970-01-01T00:00:00.000Z' }],
        ssl_cert_verification: true,
      }),
    )
  })

  it('does not send other details', async () => {
    const response = await answer(new Failure('forbidden', 'x', { secret: 'S3CR3T' }))
    expect(response.body).not.toContain('S3CR3T')
  })
})

describe('an error of Fastify', () => {
  it.each<[number, string]>([
    [400, 'malformed'],
    [404, 'not_found'],
    [408, 'malformed'],
    [413, 'too_large'],
    [414, 'malformed'],
    [415, 'unsupported_media_type'],
    [417, 'malformed'],
  ])('that blames the caller keeps its status and is not logged: %i', async (statusCode, code) => {
    const lines: string[] = []
    const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => lines.push(line) } } })
    app.setErrorHandler((error, _request, reply) => sendError(reply, error))
    app.get('/', () => {
      throw Object.assign(new Error('Because.'), { statusCode })
    })
    const response = await app.inject('/')
    expect([response.statusCode, response.json()]).toEqual([
      statusCode,
      { errors: [{ code, message: 'Because.' }] },
    ])
    expect(lines).toEqual([])
    await app.close()
  })
})

function thrownBy(problems: Problem[]): Failure {
  try {
    throwProblems(problems)
  } catch (error) {
    return error as Failure
  }
  throw new Error('nothing was thrown')
}
