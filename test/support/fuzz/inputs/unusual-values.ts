import fc from 'fast-check'

/** Strings of any UTF-16 code units, so also of halves of surrogate pairs. */
const codeUnits = fc.string({
  unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
  maxLength: 6,
})

/** Texts that are difficult for the database, SQL, JSON, HTTP or JavaScript. */
const UNUSUAL_TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfffy',
  '\ufeff',
  '\u2028\u2029',
  '\u202eright to left',
  'e\u0301',
  '👩‍👩‍👧‍👦',
  'İıſK',
  '%_\\',
  "'; DROP TABLE endpoints; --",
  '$1 $$ $& {{x}}',
  '__proto__',
  'constructor',
  'null',
  '\\u0000',
  '\r\nX-Injected: 1',
]

export const unusualText = fc.oneof(
  fc.constantFrom(...UNUSUAL_TEXTS),
  fc.string({ unit: 'binary', maxLength: 30 }),
  codeUnits,
)

/** PostgreSQL stores neither U+0000 nor half of a surrogate pair. */
export const isStorable = (text: string) => !text.includes('\0') && text.isWellFormed()

/** JSON numbers at and beyond the limits of 32-bit integers, of exact integers in JavaScript and of doubles. */
const UNUSUAL_NUMBERS = [
  '0',
  '-0',
  '-1',
  '1.5',
  '1e3',
  '2147483647',
  '2147483648',
  '9007199254740993',
  '123456789012345678901234567890',
  '1e308',
  '1e400',
  '-1e400',
  '1e-400',
  '1.10',
  '-0.0',
]

const nested = (open: string, close: string) =>
  fc
    .constantFrom(1, 20, 500, 501, 3_000, 20_000, 40_000)
    .map((depth) => `${open.repeat(depth)}0${close.repeat(depth)}`)

/** Lists within lists, and objects within objects. */
const nestedJson = fc.oneof(nested('[', ']'), nested('{"a":', '}'))

/** The deepest data that an event may have. */
const MAX_DEPTH = 500

const TOO_DEEP = ['[', '{"a":'].map((open) => open.repeat(MAX_DEPTH + 1))

/** Whether a text of `anyJson` is valid as data of an event: neither null nor too deep, and without half a character. */
export const isValidEventData = (json: string) =>
  json !== 'null' && !TOO_DEEP.some((start) => json.startsWith(start)) && !isHalf(json)

/** Of the texts of `anyJson`, only strings have halves of surrogate pairs. */
const isHalf = (json: string) => json.startsWith('"') && !(JSON.parse(json) as string).isWellFormed()

/** Any JSON value, as text. */
export const anyJson = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map((value) => JSON.stringify(value)),
  },
  { weight: 2, arbitrary: unusualText.map((text) => JSON.stringify(text)) },
  { weight: 2, arbitrary: fc.constantFrom(...UNUSUAL_NUMBERS) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '{"__proto__": {"isActive": false}}',
      '{"a": 1, "a": 2}',
      '{"": ""}',
      '{"id": 9007199254740993, "2": 1.10, "1": -0.0}',
      '[ "\\u0041\\ud83d\\ude00\\/" ,\n1E+2 ]',
    ),
  },
  { weight: 1, arbitrary: nestedJson },
)

/** Texts that no JSON parser accepts. */
export const malformedJson = fc.constantFrom(
  '{"is_active": fal',
  '{"is_active": true,}',
  "{'is_active': true}",
  '{is_active: true}',
  '{"is_active": NaN}',
  '{"description": "a\nb"}',
  '{"description": "\\x41"}',
  '{"description": "\\ud8"}',
  '[1, 2',
  '{}{}',
  '01',
  '+1',
  '.5',
  '"',
)
