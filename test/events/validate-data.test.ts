import { DATA_MAX_BYTES, DATA_MAX_DEPTH, validateData } from '../../src/events/validate-data'

const codesOf = (data: unknown) => validateData(data).map(({ path, code }) => `${path.join('.')}: ${code}`)

/** Lists nested this deep. */
function nested(depth: number): unknown {
  let data: unknown = []
  for (let level = 1; level < depth; level += 1) data = [data]
  return data
}

describe('the data of an event', () => {
  it.each([null, true, 0, -1.5, 1e308, '', 'text', [], {}, { a: [1, { b: null }] }])('may be %j', (data) => {
    expect(codesOf(data)).toEqual([])
  })

  it.each([Infinity, -Infinity, { a: [1, { b: Infinity }] }])(
    'may not contain an infinite number',
    (data) => {
      expect(codesOf(data)).toEqual(['input.data: OUT_OF_RANGE'])
    },
  )

  it('may be nested up to the limit, and is rejected without a stack overflow beyond', () => {
    expect(codesOf(nested(DATA_MAX_DEPTH))).toEqual([])
    expect(codesOf(nested(DATA_MAX_DEPTH + 1))).toEqual(['input.data: OUT_OF_RANGE'])
    expect(codesOf(nested(100_000))).toEqual(['input.data: OUT_OF_RANGE'])
  })

  it('may have as many bytes of JSON as the limit, in UTF-8', () => {
    const ofBytes = (bytes: number) => 'é'.repeat((bytes - 2) / 2)
    expect(codesOf(ofBytes(DATA_MAX_BYTES))).toEqual([])
    expect(codesOf(ofBytes(DATA_MAX_BYTES + 2))).toEqual(['input.data: TOO_LONG'])
  })
})
