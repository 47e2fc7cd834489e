import type { Fault } from '../support/answer-problems'

/** `graphqlPatch`: the patch in GraphQL, where it is not the REST patch in camelCase. */
export type BadPatch = [name: string, patch: unknown, faults: Fault[], graphqlPatch?: unknown]

const GOOD_EVENT = { type: 'post.created' }

/** Values of a wrong type, by field. */
const WRONG_TYPES: Record<string, unknown[]> = {
  target: [7, true, ['https://example.com/hook'], { url: 'https://example.com/hook' }],
  description: [7, 0, false, ['a note'], { text: 'a note' }],
  is_active: ['true', 'false', '', 0, 1, [true], [], {}],
  ssl_cert_verification: ['true', 'yes', 0, 1, [false], {}],
  events: [7, 'post.created', true],
}

const wrongTypes = Object.entries(WRONG_TYPES).flatMap(([field, values]) =>
  values.map(
    (value): BadPatch => [
      `${field} is ${JSON.stringify(value)}`,
      { [field]: value },
      [`${field} wrong_type`],
    ],
  ),
)

/** Type faults: reported before all others and all at once, in GraphQL by its own coercion. */
export const FAULTS_OF_TYPE: BadPatch[] = [
  ...wrongTypes,
  ['the patch is a list', [{ is_active: false }], ['wrong_type']],
  ['the patch is an empty list', [], ['wrong_type']],
  ['the patch is a string', 'is_active', ['wrong_type']],
  ['the patch is a number', 1, ['wrong_type']],
  ['the patch is true', true, ['wrong_type']],
  ['the patch is null', null, ['wrong_type']],

  ['a null in events', { events: [null] }, ['events.0 wrong_type']],
  ['a null after a good event', { events: [GOOD_EVENT, null] }, ['events.1 wrong_type']],
  ['events of plain strings', { events: ['post.created'] }, ['events.0 wrong_type']],
  ['a list in events', { events: [[GOOD_EVENT]] }, ['events.0 wrong_type']],
  ['a number and a boolean in events', { events: [1, true] }, ['events.0 wrong_type', 'events.1 wrong_type']],
  ['an event without a type', { events: [{}] }, ['events.0.type required']],
  ['an event whose type is null', { events: [{ type: null }] }, ['events.0.type null_not_allowed']],
  ['an event whose type is a number', { events: [{ type: 1 }] }, ['events.0.type wrong_type']],
  [
    'an event whose type is a list',
    { events: [GOOD_EVENT, { type: ['post.created'] }] },
    ['events.1.type wrong_type'],
  ],

  ['an unknown field', { url: 'https://example.com/hook' }, ['url unknown_field']],
  ['an unknown field beside good ones', { is_active: false, name: 'x' }, ['name unknown_field']],
  ['an unknown field that is null', { name: null }, ['name unknown_field']],
  ['an unknown field with an empty name', { '': 1 }, [' unknown_field']],
  [
    'an unknown field of an event',
    { events: [{ ...GOOD_EVENT, name: 'x' }] },
    ['events.0.name unknown_field'],
  ],
  [
    'a field in the spelling of the other API',
    { isActive: false },
    ['isActive unknown_field'],
    { is_active: false },
  ],
  ['a field in capitals', { IS_ACTIVE: false }, ['IS_ACTIVE unknown_field']],
  ['a version, which only the gateway counts', { version: 7 }, ['version unknown_field']],
  ['a reason, which only the gateway gives', { disabled_reason: 'x' }, ['disabled_reason unknown_field']],
  ['a __proto__', { ['__proto__']: { is_active: false } }, ['__proto__ unknown_field']],
  ['a __proto__ that is null', { ['__proto__']: null, is_active: false }, ['__proto__ unknown_field']],
  ['a constructor', { constructor: { prototype: { is_active: false } } }, ['constructor unknown_field']],
  [
    'a name of Object.prototype',
    { hasOwnProperty: 1, toString: 1 },
    ['hasOwnProperty unknown_field', 'toString unknown_field'],
  ],
  [
    'a __proto__ in an event',
    { events: [{ ...GOOD_EVENT, ['__proto__']: {} }] },
    ['events.0.__proto__ unknown_field'],
  ],
  [
    'an event whose type hides in __proto__',
    { events: [{ ['__proto__']: GOOD_EVENT }] },
    ['events.0.__proto__ unknown_field', 'events.0.type required'],
  ],

  [
    'every fault of type at once, and no other fault beside them',
    {
      target: 'nope',
      description: 1,
      is_active: 'yes',
      ssl_cert_verification: null,
      events: [null, { type: 2 }, { type: 'no.such_event' }],
      extra: 1,
    },
    [
      'description wrong_type',
      'is_active wrong_type',
      'events.0 wrong_type',
      'events.1.type wrong_type',
      'extra unknown_field',
    ],
  ],
]

const TEXT_OF_10_001 = 'x'.repeat(10_001)

/** All other faults: reported all at once by REST and GraphQL, as `VALIDATION_FAILED` in GraphQL. */
export const OTHER_FAULTS: BadPatch[] = [
  ['target is null', { target: null }, ['target null_not_allowed']],
  ['events is null', { events: null }, ['events null_not_allowed']],
  ['is_active is null', { is_active: null }, ['is_active null_not_allowed']],
  [
    'ssl_cert_verification is null',
    { ssl_cert_verification: null },
    ['ssl_cert_verification null_not_allowed'],
  ],
  [
    'every field is null, of which only the description may be',
    { target: null, events: null, is_active: null, ssl_cert_verification: null, description: null },
    [
      'target null_not_allowed',
      'events null_not_allowed',
      'is_active null_not_allowed',
      'ssl_cert_verification null_not_allowed',
    ],
  ],
  ['a null beside a good field', { is_active: false, target: null }, ['target null_not_allowed']],

  ['no events', { events: [] }, ['events empty']],
  ['an unknown event', { events: [{ type: 'no.such_event' }] }, ['events.0.type unknown_event_type']],
  [
    'an unknown event after a good one',
    { events: [GOOD_EVENT, { type: 'post.nope' }] },
    ['events.1.type unknown_event_type'],
  ],
  ['an event with an empty type', { events: [{ type: '' }] }, ['events.0.type unknown_event_type']],
  ['an event in capitals', { events: [{ type: 'POST.CREATED' }] }, ['events.0.type unknown_event_type']],
  [
    'an event with a space behind',
    { events: [{ type: 'post.created ' }] },
    ['events.0.type unknown_event_type'],
  ],
  [
    'a wildcard',
    { events: [{ type: '*' }, { type: 'post.*' }] },
    ['events.0.type unknown_event_type', 'events.1.type unknown_event_type'],
  ],
  [
    'an event named like a key of Object.prototype',
    { events: [{ type: '__proto__' }, { type: 'constructor' }] },
    ['events.0.type unknown_event_type', 'events.1.type unknown_event_type'],
  ],
  ['an event with U+0000', { events: [{ type: 'post.created\0' }] }, ['events.0.type unknown_event_type']],
  [
    'an event with half a surrogate pair',
    { events: [{ type: '\ud800' }] },
    ['events.0.type unknown_event_type'],
  ],
  [
    'an event of 100,000 characters',
    { events: [{ type: 'x'.repeat(100_000) }] },
    ['events.0.type unknown_event_type'],
  ],

  ['a description of 10,001 characters', { description: TEXT_OF_10_001 }, ['description too_long']],
  ['a description with U+0000', { description: 'a\0b' }, ['description invalid_character']],
  [
    'a description with half a surrogate pair',
    { description: 'a \ud83d b' },
    ['description invalid_character'],
  ],
  [
    'a description too long and with U+0000',
    { description: `${TEXT_OF_10_001}\0` },
    ['description invalid_character', 'description too_long'],
  ],

  [
    'every fault at once',
    {
      target: 'https://user:secret@10.0.0.1/hook',
      description: TEXT_OF_10_001,
      is_active: null,
      ssl_cert_verification: null,
      events: [{ type: 'no.such_event' }, GOOD_EVENT, { type: 'nor.this' }],
    },
    [
      'target invalid_url',
      'target address_not_allowed',
      'description too_long',
      'is_active null_not_allowed',
      'ssl_cert_verification null_not_allowed',
      'events.0.type unknown_event_type',
      'events.2.type unknown_event_type',
    ],
  ],
  ['a bad target beside no events', { target: 'nope', events: [] }, ['target invalid_url', 'events empty']],
]
