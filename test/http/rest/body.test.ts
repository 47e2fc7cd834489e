import { GraphQLID, GraphQLInputObjectType, GraphQLList, GraphQLNonNull } from 'graphql'
import { bodyReader } from '../../../src/http/rest/body'
import { RestError } from '../../../src/http/rest/errors'
import { buildSchema } from '../../../src/schema/build'
import { snakeCase } from '../../../src/snake-case'
import { ENDPOINT_SAMPLE } from '../../support/endpoint-sample'

const schema = buildSchema()
const typeOf = (name: string) => schema.getType(name) as GraphQLInputObjectType

const INPUT = 'WebhookEndpointInput'
const PATCH = 'WebhookEndpointPatch'
const BOTH = [INPUT, PATCH]
const EVENTS = [{ type: 'post.created' }]
const WHOLE = { target: 'https://example.com', events: EVENTS }

/** The sample as REST clients send it. */
const SAMPLE_JSON = Object.fromEntries(
  Object.entries(ENDPOINT_SAMPLE).map(([name, value]) => [snakeCase(name), value]),
)

const read = (json: unknown, type = PATCH) =>
  bodyReader<Record<string, unknown>>({ type: typeOf(type) })(json)

/** Every problem as `field: code`, sorted. The field is empty for a problem of the whole body. */
function problemsOf(json: unknown, type = PATCH): string[] {
  try {
    read(json, type)
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    expect(error.statusCode).toBe(400)
    return error.problems.map(({ field = '', code }) => `${field}: ${code}`).sort()
  }
  return []
}

describe('a body', () => {
  it('becomes an input of the schema', () => {
    expect(read(SAMPLE_JSON, INPUT)).toEqual(ENDPOINT_SAMPLE)
    expect(read(SAMPLE_JSON)).toEqual(ENDPOINT_SAMPLE)
    expect(SAMPLE_JSON).toMatchObject({ is_active: false, ssl_cert_verification: false })
  })

  it('of a patch gets no default values', () => {
    expect(read({})).toEqual({})
    expect(read({ is_active: true })).toEqual({ isActive: true })
    expect(Object.keys(read({ description: '' }))).toEqual(['description'])
  })

  it('keeps values that the core validates, such as null and texts', () => {
    expect(read({ target: null, events: null, is_active: null, description: null })).toEqual({
      target: null,
      events: null,
      isActive: null,
      description: null,
    })
    expect(read({ target: '', events: [], description: '\0' })).toEqual({
      target: '',
      events: [],
      description: '\0',
    })
  })

  it('is not modified', () => {
    const json = Object.freeze({ id: 1, is_active: true, events: Object.freeze([Object.freeze(EVENTS[0])]) })
    read(json)
    expect(json).toEqual({ id: 1, is_active: true, events: EVENTS })
  })
})

describe('read-only fields', () => {
  const STORED = {
    ...SAMPLE_JSON,
    id: 7,
    created_at: '2026-11-24T01:02:03.004Z',
    updated_at: '2026-11-24T01:02:03.004Z',
    events: ENDPOINT_SAMPLE.events.map((event) => ({ ...event, added_at: '2026-11-24T01:02:03.004Z' })),
  }

  it.each(BOTH)('are ignored, so that a response can be sent back: %s', (type) => {
    expect(read(STORED, type)).toEqual(ENDPOINT_SAMPLE)
  })

  it.each(BOTH)('may have any value: %s', (type) => {
    const odd = {
      ...STORED,
      id: { a: 1 },
      created_at: null,
      events: [{ type: 'post.created', added_at: [] }],
    }
    expect(problemsOf(odd, type)).toEqual([])
  })

  it('are unknown in any other place', () => {
    expect(problemsOf({ added_at: 'x', events: [{ type: 'post.created', id: 1, created_at: 'x' }] })).toEqual(
      ['added_at: unknown_field', 'events.0.created_at: unknown_field', 'events.0.id: unknown_field'],
    )
  })
})

describe('a field of another name', () => {
  it.each([
    'isActive',
    'sslCertVerification',
    'expectedVersion',
    'expected_version',
    'version',
    'disabled_reason',
    'signing_secret',
    'Target',
    'target ',
    '',
    'url',
    'constructor',
    'toString',
    'hasOwnProperty',
  ])('is reported: %j', (name) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([`${name}: unknown_field`])
    expect(problemsOf({ ...WHOLE, [name]: 'x' }, INPUT)).toEqual([`${name}: unknown_field`])
  })

  it('is reported when it is __proto__, and changes no prototype', () => {
    expect(problemsOf(JSON.parse('{"__proto__": {"is_active": true}}'))).toEqual(['__proto__: unknown_field'])
    expect(Object.hasOwn(Object.prototype, 'is_active')).toBe(false)
  })

  it('is reported at its index in a list', () => {
    expect(problemsOf({ events: [{ type: 'post.created' }, { type: 'post.created', name: 'x' }] })).toEqual([
      'events.1.name: unknown_field',
    ])
  })
})

describe('a value of the wrong type', () => {
  it.each<[string, unknown]>([
    ['target', 1],
    ['target', true],
    ['target', ['https://example.com']],
    ['target', {}],
    ['description', 0],
    ['description', []],
    ['is_active', 'true'],
    ['is_active', 1],
    ['is_active', 0],
    ['is_active', []],
    ['ssl_cert_verification', 'false'],
    ['ssl_cert_verification', {}],
    ['events', 'post.created'],
    ['events', 5],
    ['events', true],
    ['events', false],
    ['events', ''],
    ['events', {}],
    // GraphQL takes one object as a list of one.
    ['events', { type: 'post.created' }],
    ['events', { 0: { type: 'post.created' } }],
  ])('is reported at its field: %s = %j', (field, value) => {
    expect(problemsOf({ [field]: value })).toEqual([`${field}: wrong_type`])
  })

  it.each<[string, unknown, string]>([
    ['a text', 'post.created', 'events.1: wrong_type'],
    ['null', null, 'events.1: wrong_type'],
    ['a list', [{ type: 'post.created' }], 'events.1: wrong_type'],
    ['a number for a type', { type: 1 }, 'events.1.type: wrong_type'],
    ['null for a type', { type: null }, 'events.1.type: null_not_allowed'],
    ['no type', {}, 'events.1.type: required'],
  ])('is reported at its index in a list: %s', (_case, item, problem) => {
    expect(problemsOf({ events: [{ type: 'post.created' }, item] })).toEqual([problem])
  })

  it.each([null, [], [WHOLE], 'text', '', 1, true])('is reported as a whole body: %j', (json) => {
    for (const type of BOTH) expect(problemsOf(json, type)).toEqual([': wrong_type'])
  })
})

describe('a body for which the schema has no input', () => {
  const event = { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLID))) }
  const type = new GraphQLInputObjectType({ name: 'Bulk', fields: { event } })
  const readBulk = bodyReader<{ event: string[] }>({ type })

  it('needs a list where it has one', () => {
    expect(readBulk({ event: [12, '13'] })).toEqual({ event: ['12', '13'] })
    for (const one of [12, '12', true, {}])
      expect(() => readBulk({ event: one })).toThrow('This must be a list.')
  })
})

describe('a body that lacks a value', () => {
  it('is reported when the request has no body', () => {
    for (const type of BOTH) expect(problemsOf(undefined, type)).toEqual([': required'])
  })

  it('is reported when an input lacks target or events', () => {
    expect(problemsOf({}, INPUT)).toEqual(['events: required', 'target: required'])
    expect(problemsOf({ events: EVENTS }, INPUT)).toEqual(['target: required'])
    expect(problemsOf({ ...WHOLE, target: undefined }, INPUT)).toEqual(['target: required'])
  })

  it('is reported when an input has null for them', () => {
    expect(problemsOf({ target: null, events: null }, INPUT)).toEqual([
      'events: null_not_allowed',
      'target: null_not_allowed',
    ])
  })
})

describe('every problem of a body', () => {
  it('is reported at once', () => {
    const json = {
      target: 1,
      is_active: 'yes',
      colour: 'blue',
      events: [{ type: 1 }, { type: 'post.created', size: 1 }, {}, null],
      ssl_cert_verification: {},
    }
    expect(problemsOf(json, INPUT)).toEqual([
      'colour: unknown_field',
      'events.0.type: wrong_type',
      'events.1.size: unknown_field',
      'events.2.type: required',
      'events.3: wrong_type',
      'is_active: wrong_type',
      'ssl_cert_verification: wrong_type',
      'target: wrong_type',
    ])
  })
})
