import { JsonText, printJson } from '../src/json-text'

describe('a JSON text in a value', () => {
  it('is printed as it is', () => {
    const value = { a: new JsonText('{"2": 1.10, "1": 1E400, "1": -0}'), b: [new JsonText('"x"'), { c: 1 }] }
    expect(printJson({ data: value })).toBe(
      '{"data":{"a":{"2": 1.10, "1": 1E400, "1": -0},"b":["x",{"c":1}]}}',
    )
    expect(printJson(new JsonText('9007199254740993'))).toBe('9007199254740993')
  })

  it('leaves other values as JSON.stringify prints them', () => {
    const value = { a: ['$&', 'null', undefined], b: undefined, c: new Date(0) }
    expect(printJson(value)).toBe(JSON.stringify(value))
  })

  it('is parsed for those who print by JSON.stringify, also after a failed print', () => {
    const circular: Record<string, unknown> = { a: new JsonText('[1.0]') }
    circular.self = circular
    expect(() => printJson(circular)).toThrow('circular')
    expect(JSON.stringify({ a: new JsonText('[1.0]') })).toBe('{"a":[1]}')
  })
})
