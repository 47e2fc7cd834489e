import { DATA_MAX_BYTES, DATA_MAX_DEPTH } from '../../src/data-limits'
import { validateData } from '../../src/events/validate-data'
import { JsonText } from '../../src/json-text'

const codesOf = (text: string) =>
  validateData(new JsonText(text)).map(({ path, code }) => `${path.join('.')}: ${code}`)

const nested = (depth: number, open = '[', close = ']') => `${open.repeat(depth)}1${close.repeat(depth)}`

describe('the data of an event', () => {
  it.each([
    'true',
    '0',
    '-1.5',
    '1E400',
    '1e-400',
    '-0',
    '""',
    '"text"',
    '[]',
    '{}',
    '{"a": [1, {"b": null}]}',
  ])('may be %s', (text) => expect(codesOf(text)).toEqual([]))

  it.each([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"[[": [', ']}'],
  ])('may be nested up to the limit, and is rejected beyond: %s', (open, close) => {
    const levels = open.endsWith('[') && open !== '[' ? 2 : 1
    expect(codesOf(nested(DATA_MAX_DEPTH / levels, open, close))).toEqual([])
    expect(codesOf(nested(DATA_MAX_DEPTH / levels + 1, open, close))).toEqual(['input.data: OUT_OF_RANGE'])
  })

  it('is rejected without a stack overflow at any depth', () => {
    expect(codesOf(nested(100_000))).toEqual(['input.data: OUT_OF_RANGE'])
  })

  it('may be a long list of lists', () => {
    expect(codesOf(`[${'[],'.repeat(1_000)}0]`)).toEqual([])
  })

  it.each([
    '"\\ud800"',
    '{"\\uDFFF": 1}',
    '["\\\\\\udbff\\\\udc00"]',
    '"\\udc00\\ud800"',
    '"\\ud83d\\ud83d\\ude00"',
  ])('may not contain half a character: %s', (text) =>
    expect(codesOf(text)).toEqual(['input.data: INVALID_CHARACTER']),
  )

  it.each([
    '"\\ud83d\\ude00"',
    '"\\\\ud800"',
    '"\\uD83D\\uDE00\\\\\\\\ud800"',
    '"😀"',
    '"\\u0000"',
    '"\\ufffd"',
  ])('may contain whole characters and whatever resembles half of one: %s', (text) =>
    expect(codesOf(text)).toEqual([]),
  )

  it('may have as many bytes of JSON as the limit, in UTF-8', () => {
    const ofBytes = (bytes: number) => `"${'é'.repeat((bytes - 2) / 2)}"`
    expect(codesOf(ofBytes(DATA_MAX_BYTES))).toEqual([])
    expect(codesOf(ofBytes(DATA_MAX_BYTES + 2))).toEqual(['input.data: TOO_LONG'])
  })

  it('is reported with every problem', () => {
    expect(codesOf(`["\\ud800", ${nested(DATA_MAX_BYTES)}]`)).toEqual([
      'input.data: OUT_OF_RANGE',
      'input.data: INVALID_CHARACTER',
      'input.data: TOO_LONG',
    ])
  })
})
