import fc from 'fast-check'
import { graphqlSpelling } from '../answer-problems'
import { combinedValidity, type Given, type Validity } from './expectation'
import { isStorable, oddJson, oddText } from './texts'

export type Api = 'rest' | 'graphql'

/** A few types of the catalogue. */
export const EVENT_TYPES = [
  'category.created',
  'comment.created',
  'post.created',
  'post.deleted',
  'vote.created',
]

/** A target where nobody listens: every send fails. */
export const NOWHERE = 'http://127.0.0.1:9/'

const given =
  (validity: Validity) =>
  (value: unknown): Given => ({ text: JSON.stringify(value), validity })
const good = given('good')
const bad = given('bad')

const mostly = (goods: fc.Arbitrary<Given>, others: fc.Arbitrary<Given>) =>
  fc.oneof({ weight: 14, arbitrary: goods }, { weight: 1, arbitrary: others })

/** The embedded database drops a byte order mark at the start of a text that it returns. */
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
    oddText.map((text) => ({ ...good(NOWHERE + text), validity: 'either' as const })),
    fc.webUrl({ withQueryParameters: true }).map((url) => ({ ...good(url), validity: 'either' as const })),
  ),
)

const eventItem = (api: Api) =>
  fc
    .record({ type: fc.constantFrom(...EVENT_TYPES), added_at: fc.constantFrom(undefined, null, 'x', 1) })
    .map((item) => (api === 'rest' ? item : { type: item.type }))

const events = (api: Api) =>
  mostly(
    fc.oneof(
      { weight: 6, arbitrary: fc.array(eventItem(api), { minLength: 1, maxLength: 4 }).map(good) },
      { weight: 1, arbitrary: eventItem(api).map(good) },
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

/** A field that no endpoint has, or that only the gateway writes. */
const extra = (api: Api) =>
  fc
    .record({ name: fc.constantFrom(...READ_ONLY, ...READ_ONLY, ...UNKNOWN), value: oddJson })
    .map(({ name, value }): [string, Given] => {
      const isIgnored = api === 'rest' && READ_ONLY.includes(name)
      return [name, { text: value, validity: isIgnored ? 'good' : 'bad' }]
    })

/**
 * The fields of an endpoint, some of them absent, as JSON text in the spelling of an API.
 *
 * @param required fields whose absence is invalid
 */
export function endpointFields(api: Api, required: string[] = []): fc.Arbitrary<Given> {
  const named = fc.record(
    { target, events: events(api), is_active: flag, description, ssl_cert_verification: flag },
    { requiredKeys: [] },
  )
  const extras = fc.oneof(
    { weight: 12, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(extra(api), { maxLength: 2 }) },
  )
  // Otherwise most inputs would lack a required field.
  const whole = fc.oneof(
    { weight: 8, arbitrary: fc.record({ target, events: events(api) }) },
    { weight: 1, arbitrary: fc.constant({}) },
  )
  return fc
    .tuple(named, required.length > 0 ? whole : fc.constant({}), extras)
    .map(([some, needed, more]) => {
      const fields: [string, Given][] = [...Object.entries({ ...some, ...needed }), ...more]
      const names = fields.map(([name]) => name)
      const isComplete = required.every((name) => names.includes(name))
      return {
        text: `{${fields.map(([name, { text }]) => `${JSON.stringify(spelled(api, name))}: ${text}`).join(', ')}}`,
        validity: combinedValidity([
          ...fields.map(([, { validity }]) => validity),
          isComplete ? 'good' : 'bad',
        ]),
      }
    })
}

const spelled = (api: Api, name: string) =>
  api === 'rest' ? name : (Object.keys(graphqlSpelling({ [name]: 0 }) as object)[0] ?? name)
