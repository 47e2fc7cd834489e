import type { GraphQLInputType } from 'graphql'
import { readBody } from '../../../src/http/rest/body'
import { RestError } from '../../../src/http/rest/errors'
import { buildSchema } from '../../../src/schema/build'

const schema = buildSchema()
const typeOf = (name: string) => schema.getType(name) as GraphQLInputType

const INPUT = 'WebhookEndpointInput'
const PATCH = 'WebhookEndpointPatch'
const BOTH = [INPUT, PATCH]
const EVENTS = [{ type: 'post.created' }]
const WHOLE = { target: 'https://example.com', events: EVENTS }

const read = (json: unknown, type = PATCH) => readBody(json, typeOf(type))

/** Each fault as `field: code`, sorted; the field is empty where the fault is of the whole body. */
function faultsOf(json: unknown, type = PATCH): string[] {
  try {
    read(json, type)
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    expect(error.statusCode).toBe(400)
    return error.faults.map(({ field = '', code }) => `${field}: ${code}`).sort()
  }
  return []
}

describe('a body', () => {
  it('is renamed into an input of the schema', () => {
    const json = { ...WHOLE, is_active: false, description: 'x', ssl_cert_verification: true }
    const input = { ...WHOLE, isActive: false, description: 'x', sslCertVerification: true }
    expect(read(json, INPUT)).toEqual(input)
    expect(read(json)).toEqual(input)
  })

  it('gives nothing but what it gives: no default is made up for a patch', () => {
    expect(read({})).toEqual({})
    expect(read({ is_active: true })).toEqual({ isActive: true })
    expect(Object.keys(read({ description: '' }))).toEqual(['description'])
  })

  it('hands on what the core judges, such as null and the content of texts', () => {
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

  it('may be one event for a list of one, as in GraphQL', () => {
    expect(read({ events: { type: 'post.created' } })).toEqual({ events: EVENTS })
    expect(faultsOf({ events: 'post.created' })).toEqual(['events: wrong_type'])
  })

  it('leaves what was given alone', () => {
    const json = Object.freeze({ id: 1, is_active: true, events: Object.freeze([Object.freeze(EVENTS[0])]) })
    read(json)
    expect(json).toEqual({ id: 1, is_active: true, events: EVENTS })
  })
})

describe('read-only fields', () => {
  const STORED = {
    id: 7,
    created_at: '2026-11-24T01:02:03.004Z',
    updated_at: '2026-11-24T01:02:03.004Z',
    is_active: true,
    target: 'https://example.com',
    description: '',
    events: [{ type: 'post.created', added_at: '2026-11-24T01:02:03.004Z' }],
    ssl_cert_verification: true,
  }

  it.each(BOTH)('are passed over, so that an answer can be sent back: %s', (type) => {
    expect(read(STORED, type)).toEqual({
      isActive: true,
      target: 'https://example.com',
      description: '',
      events: EVENTS,
      sslCertVerification: true,
    })
  })

  it.each(BOTH)('may hold anything, for nobody looks at them: %s', (type) => {
    const odd = {
      ...STORED,
      id: { a: 1 },
      created_at: null,
      events: [{ type: 'post.created', added_at: [] }],
    }
    expect(faultsOf(odd, type)).toEqual([])
  })

  it('are unknown anywhere else', () => {
    expect(faultsOf({ added_at: 'x', events: [{ type: 'post.created', id: 1, created_at: 'x' }] })).toEqual([
      'added_at: unknown_field',
      'events.0.created_at: unknown_field',
      'events.0.id: unknown_field',
    ])
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
  ])('is refused: %j', (name) => {
    expect(faultsOf({ [name]: 'x' })).toEqual([`${name}: unknown_field`])
    expect(faultsOf({ ...WHOLE, [name]: 'x' }, INPUT)).toEqual([`${name}: unknown_field`])
  })

  it('is refused when it is __proto__, and changes no prototype', () => {
    expect(faultsOf(JSON.parse('{"__proto__": {"is_active": true}}'))).toEqual(['__proto__: unknown_field'])
    expect(Object.hasOwn(Object.prototype, 'is_active')).toBe(false)
  })

  it('is refused in a list at its place', () => {
    expect(faultsOf({ events: [{ type: 'post.created' }, { type: 'post.created', name: 'x' }] })).toEqual([
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
  ])('is refused at its field: %s = %j', (field, value) => {
    expect(faultsOf({ [field]: value })).toEqual([`${field}: wrong_type`])
  })

  it.each<[string, unknown, string]>([
    ['a text', 'post.created', 'events.1: wrong_type'],
    ['null', null, 'events.1: wrong_type'],
    ['a list', [{ type: 'post.created' }], 'events.1: wrong_type'],
    ['a number for a type', { type: 1 }, 'events.1.type: wrong_type'],
    ['null for a type', { type: null }, 'events.1.type: null_not_allowed'],
    ['no type', {}, 'events.1.type: required'],
  ])('is refused at its place in a list: %s', (_case, item, fault) => {
    expect(faultsOf({ events: [{ type: 'post.created' }, item] })).toEqual([fault])
  })

  it.each([null, [], [WHOLE], 'text', '', 1, true])('is refused as a whole body: %j', (json) => {
    for (const type of BOTH) expect(faultsOf(json, type)).toEqual([': wrong_type'])
  })
})

describe('a body that lacks something', () => {
  it('is refused when there is none', () => {
    for (const type of BOTH) expect(faultsOf(undefined, type)).toEqual([': required'])
  })

  it('is refused when a whole endpoint lacks its target or its events', () => {
    expect(faultsOf({}, INPUT)).toEqual(['events: required', 'target: required'])
    expect(faultsOf({ events: EVENTS }, INPUT)).toEqual(['target: required'])
    expect(faultsOf({ ...WHOLE, target: undefined }, INPUT)).toEqual(['target: required'])
  })

  it('is refused when a whole endpoint has null for them', () => {
    expect(faultsOf({ target: null, events: null }, INPUT)).toEqual([
      'events: null_not_allowed',
      'target: null_not_allowed',
    ])
  })
})

describe('every fault of a body', () => {
  it('is told at once', () => {
    const json = {
      target: 1,
      is_active: 'yes',
      colour: 'blue',
      events: [{ type: 1 }, { type: 'post.created', size: 1 }, {}, null],
      ssl_cert_verification: {},
    }
    expect(faultsOf(json, INPUT)).toEqual([
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
