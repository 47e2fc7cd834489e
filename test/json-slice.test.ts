import fc from 'fast-check'
import { hasWholeCharacters, isDeeperThan, sliceAt, withoutSpace } from '../src/json-slice'

/** A JSON value: its text, which no JSON.stringify would print, and how deep it is nested. */
interface Written {
  text: string
  depth: number
}

const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 2 })

/** A string in JSON, each character as such or as an escape. */
const stringText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\\"',
        '\\\\',
        '\\/',
        '\\n',
        '\\u0041',
        '\\u0000',
        '\\ud83d\\ude00',
        '\\"}',
        '[{',
        ', ',
        '😀',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }).map((text) => JSON.stringify(text).slice(1, -1)),
    ),
    { maxLength: 4 },
  )
  .map((parts) => `"${parts.join('')}"`)

const numberText = fc.constantFrom(
  '0',
  '-0',
  '1.10',
  '9007199254740993',
  '1e-400',
  '1E400',
  '-0.10e+05',
  '123',
)

const keyText = fc.oneof(
  stringText,
  fc.constantFrom('"a"', '"\\u0061"', '"b"', '"2"', '"1"', '"__proto__"', '""'),
)

const spaced = (value: fc.Arbitrary<Written>) =>
  fc.tuple(space, value, space).map(([before, { text, depth }, after]) => ({
    text: before + text + after,
    depth,
  }))

const deepest = (values: Written[]) => Math.max(0, ...values.map(({ depth }) => depth)) + 1

const { json } = fc.letrec<{ json: Written }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc
      .oneof(stringText, numberText, fc.constantFrom('true', 'false', 'null'))
      .map((text): Written => ({ text, depth: 0 })),
    fc.array(spaced(tie('json')), { maxLength: 4 }).map((values) => ({
      text: `[${values.map(({ text }) => text).join(',')}]`,
      depth: deepest(values),
    })),
    fc.array(fc.tuple(space, keyText, space, spaced(tie('json'))), { maxLength: 4 }).map((members) => ({
      text: `{${members.map(([before, key, after, { text }]) => `${before}${key}${after}:${text}`).join(',')}}`,
      depth: deepest(members.map(([, , , value]) => value)),
    })),
  ),
}))

const RUNS = { numRuns: 2_000 }

describe('a value in a JSON text', () => {
  it('is found as it was written, inside any other values', () => {
    fc.assert(
      fc.property(json, json, json, space, ({ text }, before, after, around) => {
        const body = `${around}{"before":${before.text}, "input"${around}: {"x":${before.text},"data" :${around}${text}${around},"y":${after.text}} }${around}`
        expect(sliceAt(body, ['input', 'data'])).toBe(text)
      }),
      RUNS,
    )
  })

  it('is the one that JSON.parse finds at every path', () => {
    const path = fc.array(fc.constantFrom('a', 'b', '2', '__proto__', '', 'A'), { maxLength: 3 })
    fc.assert(
      fc.property(spaced(json), path, ({ text }, names) => {
        const slice = sliceAt(text, names)
        expect(slice && JSON.parse(slice)).toEqual(valueAt(JSON.parse(text), names))
        expect(slice).toBe(slice?.trim())
      }),
      RUNS,
    )
  })

  it.each([
    ['{"data": 1, "data": 2.0}', '2.0'],
    ['{"d\\u0061ta": 1.0}', '1.0'],
    ['{"data\\"": 1, "\\"data": 2}', undefined],
    ['{"data": {"a": 1}, "x": {"data": 2}}', '{"a": 1}'],
    ['[{"data": 1}]', undefined],
    ['"data"', undefined],
    ['{}', undefined],
    ['{"data":-0}', '-0'],
  ])('in %s is %s', (body, data) => expect(sliceAt(body, ['data'])).toBe(data))

  it('of a later equal key hides one of an earlier', () => {
    expect(sliceAt('{"input": {"data": 1}, "input": {"type": "x"}}', ['input', 'data'])).toBeUndefined()
    expect(sliceAt('{"input": {"data": 1}, "input": 2}', ['input', 'data'])).toBeUndefined()
  })
})

function valueAt(value: unknown, names: string[]): unknown {
  const [name, ...rest] = names
  if (name === undefined) return value
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.hasOwn(value, name)
    ? valueAt((value as Record<string, unknown>)[name], rest)
    : undefined
}

it('White space between tokens, and no other, can be left out', () => {
  fc.assert(
    fc.property(spaced(json), ({ text }) => {
      const compact = withoutSpace(text)
      expect(JSON.parse(compact)).toEqual(JSON.parse(text))
      expect(withoutSpace(compact)).toBe(compact)
      expect(outsideStrings(compact)).not.toMatch(/\s/)
      expect(stringsOf(compact)).toEqual(stringsOf(text))
    }),
    RUNS,
  )
  expect(withoutSpace(' [ 1.10 , "a b\\" c" ]\n')).toBe('[1.10,"a b\\" c"]')
  const escapes = `"${'\\n '.repeat(87_000)}"`
  expect(withoutSpace(`  ${escapes}  `)).toBe(escapes)
})

const STRING = /"(?:[^"\\]|\\.)*"/g
const outsideStrings = (text: string) => text.replace(STRING, '""')
const stringsOf = (text: string) => text.match(STRING)

it('The depth of a text is that of its lists and objects', () => {
  fc.assert(
    fc.property(json, fc.nat(6), ({ text, depth }, limit) => {
      expect(isDeeperThan(text, limit)).toBe(depth > limit)
    }),
    RUNS,
  )
})

it('A text has half a character exactly when the parsed value has one', () => {
  const piece = fc.constantFrom(
    '\\ud83d',
    '\\ude00',
    '\\uD83D',
    '\\uDE00',
    '\\\\',
    'ud83d',
    'a',
    '\\"',
    '\\ufffd',
    '😀',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const text = `"${pieces.join('')}"`
      expect(hasWholeCharacters(text)).toBe(JSON.parse(text).isWellFormed())
      expect(hasWholeCharacters(`{${text}: [1]}`)).toBe(JSON.parse(text).isWellFormed())
    }),
    RUNS,
  )
  expect(hasWholeCharacters('"\ud800"')).toBe(false)
})
