import { parseEndpointId } from '../src/identifiers'

describe('parseEndpointId', () => {
  it.each<[string, number]>([
    ['1', 1],
    ['10', 10],
    ['1000000000', 1_000_000_000],
    ['2147483647', 2_147_483_647],
  ])('reads %j', (id, number) => {
    expect(parseEndpointId(id)).toBe(number)
  })

  it.each([
    '',
    '0',
    '-1',
    '+1',
    '01',
    '1.0',
    '1e3',
    '0x10',
    ' 1',
    '1 ',
    '1\n',
    '1,2',
    '1/',
    '2147483648',
    '4294967297',
    '9999999999',
    '10000000000',
    '9'.repeat(1_000),
    '１',
    '٣',
    'abc',
    'NaN',
    'Infinity',
    'null',
    'undefined',
    '[object Object]',
    "1' OR '1'='1",
    '\0',
  ])('returns undefined for %.20j', (id) => {
    expect(parseEndpointId(id)).toBeUndefined()
  })
})
