import type { EndpointInput, EndpointPatch } from '../../src/endpoints/endpoint'
import { readEventCatalogue } from '../../src/endpoints/event-types/event-catalogue'
import { targetPolicy } from '../../src/endpoints/targets/target-policy'
import { validateEndpoint } from '../../src/endpoints/validate-endpoint'
import { ENDPOINT_SAMPLE } from '../support/endpoint-sample'

const RULES = {
  validateTarget: targetPolicy({ allowHttp: false, allowedNetworks: [] }),
  catalogue: readEventCatalogue(undefined),
}

/** Each problem as `path: CODE`. */
const problemsOf = (given: EndpointPatch | EndpointInput, argument: 'patch' | 'input') =>
  validateEndpoint(given, argument, RULES).map(({ path, code }) => `${path.join('.')}: ${code}`)
const problemsOfPatch = (patch: EndpointPatch) => problemsOf(patch, 'patch')
const problemsOfInput = (input: EndpointInput) => problemsOf(input, 'input')

describe('a patch', () => {
  it.each<[string, EndpointPatch]>([
    ['nothing', {}],
    ['undefined fields', { target: undefined, events: undefined, isActive: undefined }],
    ['isActive alone', { isActive: true }],
    ['isActive off', { isActive: false }],
    ['sslCertVerification alone', { sslCertVerification: false }],
    ['a target alone', { target: 'https://example.com' }],
    ['events alone', { events: [{ type: 'post.created' }, { type: 'category.created' }] }],
    ['the same event twice', { events: [{ type: 'post.created' }, { type: 'post.created' }] }],
    ['a description alone', { description: 'for the shop' }],
    ['an empty description', { description: '' }],
    ['a null description, which is an empty one', { description: null }],
    ['an expected version', { expectedVersion: 3 }],
    ['types to add', { addEvents: [{ type: 'post.created' }] }],
    ['no types to add', { addEvents: [], removeEvents: [] }],
    ['types to remove', { removeEvents: [{ type: 'post.created' }] }],
    ['a type to remove that has left the catalogue', { removeEvents: [{ type: 'no.more' }] }],
    [
      'types to add and others to remove',
      { addEvents: [{ type: 'post.created' }], removeEvents: [{ type: 'post.deleted' }] },
    ],
    ['everything', { ...ENDPOINT_SAMPLE, expectedVersion: 1 }],
  ])('may give %s', (_case, patch) => {
    expect(problemsOfPatch(patch)).toEqual([])
  })

  it.each([
    'target',
    'events',
    'addEvents',
    'removeEvents',
    'isActive',
    'sslCertVerification',
    'expectedVersion',
  ])('may not set %s to null', (field) => {
    expect(problemsOfPatch({ [field]: null })).toEqual([`patch.${field}: NULL_NOT_ALLOWED`])
  })
})

describe('types to add and to remove', () => {
  const created = { type: 'post.created' }

  it('exclude the whole set', () => {
    expect(problemsOfPatch({ events: [created], addEvents: [created] })).toEqual([
      'patch.addEvents: EXCLUSIVE',
    ])
    expect(problemsOfPatch({ events: [created], addEvents: [], removeEvents: [] })).toEqual([
      'patch.addEvents: EXCLUSIVE',
      'patch.removeEvents: EXCLUSIVE',
    ])
  })

  it('exclude each other', () => {
    const patch = { addEvents: [created], removeEvents: [{ type: 'post.deleted' }, created] }
    expect(problemsOfPatch(patch)).toEqual(['patch.removeEvents.1.type: EXCLUSIVE'])
  })

  it('are in the catalogue when they are added, and are texts that can be stored when they are removed', () => {
    expect(problemsOfPatch({ addEvents: [created, { type: 'no.more' }] })).toEqual([
      'patch.addEvents.1.type: UNKNOWN_EVENT_TYPE',
    ])
    expect(problemsOfPatch({ removeEvents: [{ type: 'post\u0000' }] })).toEqual([
      'patch.removeEvents.0.type: INVALID_CHARACTER',
    ])
  })
})

describe('a whole endpoint', () => {
  it('is valid with every field, and with a null description', () => {
    expect(problemsOfInput(ENDPOINT_SAMPLE)).toEqual([])
    expect(problemsOfInput({ ...ENDPOINT_SAMPLE, description: null })).toEqual([])
  })

  it('may not set a Boolean to null', () => {
    expect(problemsOfInput({ ...ENDPOINT_SAMPLE, isActive: null, sslCertVerification: null })).toEqual([
      'input.isActive: NULL_NOT_ALLOWED',
      'input.sslCertVerification: NULL_NOT_ALLOWED',
    ])
  })
})

describe('the events', () => {
  it('may not be an empty list', () => {
    expect(problemsOfPatch({ events: [] })).toEqual(['patch.events: EMPTY'])
    expect(problemsOfInput({ ...ENDPOINT_SAMPLE, events: [] })).toEqual(['input.events: EMPTY'])
  })

  it.each([
    '',
    ' ',
    'post',
    'post.*',
    '*',
    'POST.CREATED',
    'post.created ',
    'post.created\0',
    'constructor',
    '__proto__',
    'toString',
  ])('must be in the catalogue: %j is not', (type) => {
    expect(problemsOfPatch({ events: [{ type }] })).toEqual(['patch.events.0.type: UNKNOWN_EVENT_TYPE'])
  })

  it('are each validated, and problems name their index', () => {
    const types = ['post.created', 'none', 'category.created', 'none']
    expect(problemsOfPatch({ events: types.map((type) => ({ type })) })).toEqual([
      'patch.events.1.type: UNKNOWN_EVENT_TYPE',
      'patch.events.3.type: UNKNOWN_EVENT_TYPE',
    ])
  })

  it('are named in the message, cut off when they are long', () => {
    const [unknown] = validateEndpoint({ events: [{ type: 'post.exploded' }] }, 'patch', RULES)
    expect(unknown?.message).toContain('post.exploded')
    const [long] = validateEndpoint({ events: [{ type: 'x'.repeat(100_000) }] }, 'patch', RULES)
    expect(long?.message.length).toBeLessThan(300)
  })
})

describe('the description', () => {
  it('may have 10,000 characters', () => {
    expect(problemsOfPatch({ description: 'x'.repeat(10_000) })).toEqual([])
    expect(problemsOfPatch({ description: 'x'.repeat(10_001) })).toEqual(['patch.description: TOO_LONG'])
  })

  it.each([
    'line\nline\r\n\tindented',
    '<script>alert(1)</script>',
    "'; DROP TABLE endpoints; --",
    '🔑 ünïcode',
  ])('may be any text: %j', (description) => {
    expect(problemsOfPatch({ description })).toEqual([])
  })

  it.each(['\0', 'a\0b', '\ud83d', 'a\udd11', '\udd11\ud83d'])(
    'must be storable: %j is not',
    (description) => {
      expect(problemsOfPatch({ description })).toEqual(['patch.description: INVALID_CHARACTER'])
    },
  )
})

describe('validation', () => {
  it('reports every problem of a patch at once', () => {
    const patch = {
      isActive: null,
      target: 'https://a:b@10.0.0.1/',
      events: [{ type: 'none' }, { type: 'post.created' }, { type: 'nothing' }],
      sslCertVerification: null,
      description: `\0${'x'.repeat(10_000)}`,
    }
    expect(problemsOfPatch(patch).sort()).toEqual([
      'patch.description: INVALID_CHARACTER',
      'patch.description: TOO_LONG',
      'patch.events.0.type: UNKNOWN_EVENT_TYPE',
      'patch.events.2.type: UNKNOWN_EVENT_TYPE',
      'patch.isActive: NULL_NOT_ALLOWED',
      'patch.sslCertVerification: NULL_NOT_ALLOWED',
      'patch.target: ADDRESS_NOT_ALLOWED',
      'patch.target: INVALID_URL',
    ])
  })

  it('does not change its argument', () => {
    const patch = Object.freeze({
      events: Object.freeze([{ type: 'none' }]) as { type: string }[],
      target: '',
    })
    expect(problemsOfPatch(patch)).toHaveLength(2)
    expect(patch).toEqual({ events: [{ type: 'none' }], target: '' })
  })
})
