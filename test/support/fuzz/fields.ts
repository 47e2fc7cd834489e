import fc from 'fast-check'
import { graphqlSpelling } from '../verdicts'
import { isStorable, oddJson, oddText } from './texts'
import { type Given, type Verdict, verdictOfAll } from './verdict'

export type Door = 'rest' | 'graphql'

/** Some of the catalogue. */
export const EVENT_TYPES = [
  'category.created',
  'comment.created',
  'post.created',
  'post.deleted',
  'vote.created',
]

/** Nobody listens there: what is sent to it leads nowhere. */
export const NOWHERE = 'http://127.0.0.1:9/'

const given =
  (verdict: Verdict) =>
  (value: unknown): Given => ({ text: JSON.stringify(value), verdict })
const good = given('good')
const bad = given('bad')

const mostly = (goods: fc.Arbitrary<Given>, others: fc.Arbitrary<Given>) =>
  fc.oneof({ weight: 14, arbitrary: goods }, { weight: 1, arbitrary: others })

/** A mark of the byte order in front of a text is lost on its way out of the embedded database. */
const isKept = (text: string) => isStorable(text) && !text.startsWith('\ufeff')

const description = mostly(
  fc.oneof(
    fc.constant(null).map(good),
    oddText.filter(isKept).map(good),
    fc.constantFrom('x'.repeat(10_000), '€'.repeat(10_000)).map(good),
  ),
  fc.oneof(
    oddText.filter((text) => !isStorable(text)).map(bad),
    fc.constantFrom('x'.repeat(10_001), 1, false, ['a'], {}).map(bad),
  ),
)

const flag = mostly(
  fc.boolean().map(good),
  fc.constantFrom<unknown>(null, 0, 1, 'true', '', [], [true], {}).map(bad),
)

const target = mostly(
  fc.oneof(
    fc.stringMatching(/^[a-zA-Z0-9_%.-]{0,8}$/).map((path) => good(`${NOWHERE}${path}`)),
    fc.constantFrom(
      good('https://127.0.0.1:9/HOOK?a=b#c'),
      good('http://[::1]:9/'),
      good(`${NOWHERE}${'x'.repeat(2048 - NOWHERE.length)}`),
      good(`${NOWHERE}ü/€/👩‍👧`),
    ),
  ),
  fc.oneof(
    fc
      .constantFrom<unknown>(
        null,
        7,
        {},
        [NOWHERE],
        '',
        'nope',
        '/hook',
        'http://',
        'ftp://127.0.0.1/',
        'javascript:alert(1)',
        'http://a:b@127.0.0.1/',
        'http://10.0.0.1/',
        'http://169.254.169.254/',
        'http://0xa000001/',
        'http://[::ffff:10.0.0.1]/',
        'http://127.0.0.1:99999/',
        `${NOWHERE}\0`,
        `${NOWHERE}\ud800`,
        ` ${NOWHERE}`,
        `${NOWHERE}${'x'.repeat(2049 - NOWHERE.length)}`,
      )
      .map(bad),
    oddText.map((text) => ({ ...good(NOWHERE + text), verdict: 'either' as const })),
    fc.webUrl({ withQueryParameters: true }).map((url) => ({ ...good(url), verdict: 'either' as const })),
  ),
)

const eventItem = (door: Door) =>
  fc
    .record({ type: fc.constantFrom(...EVENT_TYPES), added_at: fc.constantFrom(undefined, null, 'x', 1) })
    .map((item) => (door === 'rest' ? item : { type: item.type }))

const events = (door: Door) =>
  mostly(
    fc.oneof(
      { weight: 6, arbitrary: fc.array(eventItem(door), { minLength: 1, maxLength: 4 }).map(good) },
      { weight: 1, arbitrary: eventItem(door).map(good) },
    ),
    fc.oneof(
      fc
        .constantFrom<unknown>(
          null,
          [],
          'post.created',
          7,
          [null],
          [{}],
          [[]],
          [{ type: null }],
          [{ type: 1 }],
        )
        .map(bad),
      oddText.map((type) => bad([{ type: EVENT_TYPES[0] }, { type }])),
      fc.constantFrom([{ type: 'POST.CREATED' }], [{ type: 'post.created', name: 'x' }]).map(bad),
    ),
  )

const READ_ONLY = ['id', 'created_at', 'updated_at']
const UNKNOWN = [
  '',
  'url',
  'isactive',
  'version',
  'disabled_reason',
  '__proto__',
  'constructor',
  'toString',
  '$where',
]

/** A field that the endpoint has not, or that only the gateway writes. */
const extra = (door: Door) =>
  fc
    .record({ name: fc.constantFrom(...READ_ONLY, ...READ_ONLY, ...UNKNOWN), value: oddJson })
    .map(({ name, value }): [string, Given] => {
      const isPassedOver = door === 'rest' && READ_ONLY.includes(name)
      return [name, { text: value, verdict: isPassedOver ? 'good' : 'bad' }]
    })

/**
 * An endpoint's fields, each left out now and then, in the spelling of a door: JSON text.
 *
 * @param required fields that are bad to leave out
 */
export function endpointFields(door: Door, required: string[] = []): fc.Arbitrary<Given> {
  const named = fc.record(
    { target, events: events(door), is_active: flag, description, ssl_cert_verification: flag },
    { requiredKeys: [] },
  )
  const extras = fc.oneof(
    { weight: 12, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(extra(door), { maxLength: 2 }) },
  )
  // Else most inputs would lack what they need.
  const whole = fc.oneof(
    { weight: 8, arbitrary: fc.record({ target, events: events(door) }) },
    { weight: 1, arbitrary: fc.constant({}) },
  )
  return fc
    .tuple(named, required.length > 0 ? whole : fc.constant({}), extras)
    .map(([some, needed, more]) => {
      const fields: [string, Given][] = [...Object.entries({ ...some, ...needed }), ...more]
      const names = fields.map(([name]) => name)
      const isComplete = required.every((name) => names.includes(name))
      return {
        text: `{${fields.map(([name, { text }]) => `${JSON.stringify(spelled(door, name))}: ${text}`).join(', ')}}`,
        verdict: verdictOfAll([...fields.map(([, { verdict }]) => verdict), isComplete ? 'good' : 'bad']),
      }
    })
}

const spelled = (door: Door, name: string) =>
  door === 'rest' ? name : (Object.keys(graphqlSpelling({ [name]: 0 }) as object)[0] ?? name)
