import { acceptedVersions, etagOf, isFresh } from '../../../src/http/rest/preconditions'

/** Whether `If-Match` allows a change of this version. */
function isAllowed(ifMatch: string | undefined, version: number): boolean {
  const accepted = acceptedVersions({ 'if-match': ifMatch })
  return accepted === undefined || accepted.includes(version)
}

describe('the entity tag of a version', () => {
  it('is strong', () => {
    expect(etagOf(1)).toBe('"1"')
    expect(etagOf(2_147_483_647)).toBe('"2147483647"')
  })
})

describe('If-Match', () => {
  it.each([undefined, '*', ' * '])('allows any version: %j', (header) => {
    expect(acceptedVersions({ 'if-match': header })).toBeUndefined()
  })

  it.each<[string, number[]]>([
    ['"3"', [3]],
    [' "3" ', [3]],
    ['"3","4"', [3, 4]],
    ['"3" ,  "4"', [3, 4]],
    ['"2147483647"', [2_147_483_647]],
    ['W/"3", "4"', [3, 4]],
    ['garbage, "4"', [4]],
    ['"4", "of another server", "x,y"', [4]],
    [',,"4",', [4]],
  ])('allows the versions that it names: %s', (header, versions) => {
    expect(acceptedVersions({ 'if-match': header })).toEqual(versions)
  })

  it.each([
    'W/"3"',
    ' W/"3" ',
    '"3-gzip"',
    '"3-br"',
    '"3-zstd"',
    '"3-deflate"',
    '"3--gzip"',
    '"3;gzip"',
    '"3;br"',
    '"3:gzip"',
    '"3-x-gzip"',
    '"3"-gzip',
    '"3";gzip',
    'W/"3-gzip"',
    'W/"3;br"',
    '"9", W/"3-gzip"',
  ])('allows the version of a tag that a proxy made: %s', (header) => {
    expect(isAllowed(header, 3)).toBe(true)
    expect(isAllowed(header, 4)).toBe(false)
  })

  it.each([
    '',
    ' ',
    ',',
    'w/"3"',
    'W/3',
    'W/ "3"',
    '"3-"',
    '"3-4"',
    '"3gzip"',
    '"-gzip"',
    '"3-gzip',
    '"3-gz ip"',
    '3-gzip',
    '3',
    "'3'",
    '"3',
    '3"',
    '""',
    '"0"',
    '"-3"',
    '"+3"',
    '"03"',
    '"3.0"',
    '" 3"',
    '"3 "',
    '"3e0"',
    '"0x3"',
    '"2147483648"',
    '"4294967299"',
    '"99999999999999999999"',
    '"3;"',
    'garbage',
    '**',
  ])('allows no version when it names none: %j', (header) => {
    for (const version of [1, 3, 4, 2_147_483_647]) expect(isAllowed(header, version)).toBe(false)
  })

  it('results only in versions that the schema accepts', () => {
    for (const header of ['"99999999999"', 'garbage', 'W/"3"', 'W/"99999999999-gzip"', '"1", "2147483647"']) {
      for (const version of acceptedVersions({ 'if-match': header }) ?? []) {
        expect(Number.isInteger(version)).toBe(true)
        expect(Math.abs(version)).toBeLessThanOrEqual(2_147_483_647)
      }
    }
  })

  it('may be very long', () => {
    const header = Array.from({ length: 20_000 }, (_value, index) => `"${index + 1}"`).join(', ')
    expect(isAllowed(header, 20_000)).toBe(true)
    expect(isAllowed(header, 20_001)).toBe(false)
  })
})

describe('If-None-Match', () => {
  const matches = (header: string | undefined) => isFresh({ 'if-none-match': header }, 3)

  it.each([
    '"3"',
    'W/"3"',
    '"3-gzip"',
    'W/"3-br"',
    ' "3" ',
    '"1", "3"',
    '"1",W/"3"',
    'garbage, "3"',
    '*',
    ' * ',
  ])('matches version 3: %j', (header) => {
    expect(matches(header)).toBe(true)
  })

  it.each([
    undefined,
    '',
    '"2"',
    '"33"',
    '"30"',
    '3',
    '"3',
    'W/"2"',
    '"2-gzip"',
    '"33-gzip"',
    '"of another server"',
    'garbage',
    '"W/3"',
  ])('does not match version 3: %j', (header) => {
    expect(matches(header)).toBe(false)
  })
})
