import fc from 'fast-check'

const halves = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 6 })

/** Texts that storage, SQL, JSON or JavaScript may handle wrongly. */
export const ODD_TEXTS = [
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

export const oddText = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.string({ unit: 'binary', maxLength: 30 }),
  halves,
)

/** PostgreSQL stores neither U+0000 nor half of a surrogate pair. */
export const isStorable = (text: string) => !text.includes('\0') && text.isWellFormed()

/** JSON texts of numbers that some parser or printer cannot represent. */
export const ODD_NUMBERS = [
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
]

const nested = (open: string, close: string) =>
  fc.constantFrom(1, 20, 500, 501, 3_000, 20_000, 40_000).map((depth) => {
    return `${open.repeat(depth)}0${close.repeat(depth)}`
  })

/** Lists in lists, objects in objects. */
export const deepJson = fc.oneof(nested('[', ']'), nested('{"a":', '}'))

const MAX_DEPTH = 500

/** Whether it may be the data of an event: numbers beyond doubles and deep nesting are rejected. */
export const isPublishable = (json: string) =>
  json !== 'null' && !/^-?1e400$/.test(json) && !tooDeep.some((start) => json.startsWith(start))

const tooDeep = ['[', '{"a":'].map((open) => open.repeat(MAX_DEPTH + 1))

/** Any JSON at all, as text. */
export const oddJson = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map((value) => JSON.stringify(value)),
  },
  { weight: 2, arbitrary: oddText.map((text) => JSON.stringify(text)) },
  { weight: 2, arbitrary: fc.constantFrom(...ODD_NUMBERS) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('{"__proto__": {"isActive": false}}', '{"a": 1, "a": 2}', '{"": ""}'),
  },
  { weight: 1, arbitrary: deepJson },
)

/** Not JSON, in any context. */
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
