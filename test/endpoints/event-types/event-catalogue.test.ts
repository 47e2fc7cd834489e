import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEventCatalogue } from '../../../src/endpoints/event-types/event-catalogue'

const builtIn = readEventCatalogue(undefined)
const BUILT_IN_COUNT = 97
const ORDER = { type: 'order.paid', group: 'order', description: 'Sent when an order is paid.' }

describe('the built-in event types', () => {
  it('are those of the product, each once', () => {
    expect(builtIn.types).toHaveLength(BUILT_IN_COUNT)
    expect(new Set(builtIn.types.map(({ type }) => type)).size).toBe(BUILT_IN_COUNT)
  })

  it('are sorted by type, byte by byte', () => {
    const types = builtIn.types.map(({ type }) => type)
    expect(types).toEqual([...types].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
    expect(types[0]).toBe('category.created')
  })

  it('are each named, grouped and described', () => {
    for (const { type, group, description, sentOnlyIf } of builtIn.types) {
      expect(type).toMatch(/^[a-z_]+(\.[a-z_]+)+$/)
      expect(group).not.toBe('')
      expect(description).toMatch(/^Sent .+\.$/)
      expect(sentOnlyIf === null || sentOnlyIf !== '').toBe(true)
    }
  })

  it.each(['post.created', 'category.follow'])('know %s', (type) => {
    expect(builtIn.has(type)).toBe(true)
  })

  it.each(['', 'post', 'Post.created', 'order.paid', '__proto__', 'constructor'])(
    'do not know %j',
    (type) => {
      expect(builtIn.has(type)).toBe(false)
    },
  )
})

describe("the operator's file", () => {
  let folder: string
  let file: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hookgate-events-'))
    file = join(folder, 'events.json')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const read = (content: unknown) => {
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
    return readEventCatalogue(file)
  }

  it('replaces the built-in types by an array', () => {
    const { types, has } = read([
      { ...ORDER, sent_only_if: 'shop.enabled' },
      { ...ORDER, type: 'order.lost' },
    ])
    expect(types).toEqual([
      { ...ORDER, type: 'order.lost', sentOnlyIf: null },
      { ...ORDER, sentOnlyIf: 'shop.enabled' },
    ])
    expect(has('order.paid')).toBe(true)
    expect(has('post.created')).toBe(false)
  })

  it('adds to the built-in types by {"extend": [...]}', () => {
    const { types, has } = read({ extend: [ORDER] })
    expect(types).toHaveLength(builtIn.types.length + 1)
    expect(types).toContainEqual({ ...ORDER, sentOnlyIf: null })
    expect(types.map(({ type }) => type)).toEqual(types.map(({ type }) => type).sort())
    expect(has('order.paid')).toBe(true)
    expect(has('post.created')).toBe(true)
  })

  it('may describe a built-in type again', () => {
    const { types } = read({ extend: [{ ...ORDER, type: 'post.created' }] })
    expect(types).toHaveLength(builtIn.types.length)
    expect(types.find(({ type }) => type === 'post.created')).toEqual({
      ...ORDER,
      type: 'post.created',
      sentOnlyIf: null,
    })
  })

  it('leaves the built-in types as they were', () => {
    read({ extend: [{ ...ORDER, type: 'post.created' }] })
    expect(readEventCatalogue(undefined)).toEqual({ ...builtIn, has: expect.any(Function) })
  })

  it.each(['a', 'A-1', 'post.created', 'urn:x:y/z_1', 'x'.repeat(128)])('may name a type %.20s', (type) => {
    expect(read([{ ...ORDER, type }]).has(type)).toBe(true)
  })

  it.each<[string, unknown]>([
    ['nothing', ''],
    ['invalid JSON', '{"extend": ['],
    ['a text', '"post.created"'],
    ['a number', '1'],
    ['null', 'null'],
    ['an object that extends nothing', {}],
    ['an object with another key', { types: [ORDER] }],
    ['an empty array', []],
    ['an empty extension', { extend: [] }],
    ['an extension that is no array', { extend: ORDER }],
    ['an extension that is null', { extend: null }],
    ['an entry that is a text', ['post.created']],
    ['an entry that is null', [null]],
    ['an entry that is an array', [[ORDER]]],
    ['an entry without a type', [{ ...ORDER, type: undefined }]],
    ['an entry without a group', [{ ...ORDER, group: undefined }]],
    ['an entry without a description', [{ ...ORDER, description: undefined }]],
    ['an empty type', [{ ...ORDER, type: '' }]],
    ['an empty group', [{ ...ORDER, group: '' }]],
    ['an empty description', [{ ...ORDER, description: '' }]],
    ['a type that is a number', [{ ...ORDER, type: 1 }]],
    ['a group that is a list', [{ ...ORDER, group: ['order'] }]],
    ['a description that is null', [{ ...ORDER, description: null }]],
    ['a type with a space', [{ ...ORDER, type: 'order paid' }]],
    ['a type with a line break', [{ ...ORDER, type: 'order.paid\n' }]],
    ['a type with an umlaut', [{ ...ORDER, type: 'menü.open' }]],
    ['a type of 129 characters', [{ ...ORDER, type: 'x'.repeat(129) }]],
    ['a condition that is empty', [{ ...ORDER, sent_only_if: '' }]],
    ['a condition that is a number', [{ ...ORDER, sent_only_if: 1 }]],
    ['a bad entry after a good one', [ORDER, { ...ORDER, type: '' }]],
    ['a bad entry of an extension', { extend: [{ ...ORDER, type: '' }] }],
    ['a text that PostgreSQL cannot store: U+0000', [{ ...ORDER, description: 'a\0b' }]],
    ['a text that PostgreSQL cannot store: half of a surrogate pair', [{ ...ORDER, group: '\ud83d' }]],
  ])('is rejected with its name when it contains %s', (_case, content) => {
    expect(() => read(content)).toThrow(file)
  })

  it('is rejected with every problem in it', () => {
    const reading = () => read([ORDER, { type: 'order paid', group: 1 }, 'x', { ...ORDER, sent_only_if: 1 }])
    for (const named of [
      'entry 1',
      'entry 2',
      'entry 3',
      '"group"',
      '"description"',
      '"type"',
      '"sent_only_if"',
    ]) {
      expect(reading).toThrow(named)
    }
    expect(reading).not.toThrow('entry 0')
  })

  it.each(['/none/events.json', '/'])('is rejected with its name when it cannot be read: %s', (path) => {
    expect(() => readEventCatalogue(path)).toThrow(path)
  })
})
