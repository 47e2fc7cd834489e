import fc from 'fast-check'
import { graphqlSpelling } from '../../answer-problems'
import { combinedValidity } from '../model/expected-outcomes'
import { invalidJson, type RequestPart, validJson } from './request-part'
import { anyJson, isStorable, unusualText } from './unusual-values'

/** The API whose field names and rules a generated input follows. */
export type Api = 'rest' | 'graphql'

/** Some of the event types that the gateway knows. */
export const EVENT_TYPES = [
  'category.created',
  'comment.created',
  'post.created',
  'post.deleted',
  'vote.created',
]

/** A target on which nothing listens, so that no request of the gateway arrives anywhere. */
export const CLOSED_PORT = 'http://127.0.0.1:9/'

const mostlyValid = (valid: fc.Arbitrary<RequestPart>, others: fc.Arbitrary<RequestPart>) =>
  fc.oneof({ weight: 14, arbitrary: valid }, { weight: 1, arbitrary: others })

/** PGlite drops a byte order mark at the start of a text that it returns. */
const isReturnedUnchanged = (text: string) => isStorable(text) && !text.startsWith('\ufeff')

const description = mostlyValid(
  fc.oneof(
    fc.constant(null).map(validJson),
    unusualText.filter(isReturnedUnchanged).map(validJson),
    fc.constantFrom('x'.repeat(10_000), '€'.repeat(10_000)).map(validJson),
  ),
  fc.oneof(
    unusualText.filter((text) => !isStorable(text)).map(invalidJson),
    fc.constantFrom('x'.repeat(10_001), 1, false, ['a'], {}).map(invalidJson),
  ),
)

const flag = mostlyValid(
  fc.boolean().map(validJson),
  fc.constantFrom<unknown>(null, 0, 1, 'true', '', [], [true], {}).map(invalidJson),
)

/** A text whose validity the test does not know, such as a generated URL. */
const unknownValidity = (value: string): RequestPart => ({ ...validJson(value), validity: 'either' })

const target = mostlyValid(
  fc.oneof(
    fc.stringMatching(/^[a-zA-Z0-9_%.-]{0,8}$/).map((path) => validJson(`${CLOSED_PORT}${path}`)),
    fc.constantFrom(
      validJson('https://127.0.0.1:9/HOOK?a=b#c'),
      validJson('http://[::1]:9/'),
      validJson(`${CLOSED_PORT}${'x'.repeat(2048 - CLOSED_PORT.length)}`),
      validJson(`${CLOSED_PORT}ü/€/👩‍👧`),
    ),
  ),
  fc.oneof(
    fc
      .constantFrom<unknown>(
        null,
        7,
        {},
        [CLOSED_PORT],
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
        `${CLOSED_PORT}\0`,
        `${CLOSED_PORT}\ud800`,
        ` ${CLOSED_PORT}`,
        `${CLOSED_PORT}${'x'.repeat(2049 - CLOSED_PORT.length)}`,
      )
      .map(invalidJson),
    unusualText.map((text) => unknownValidity(CLOSED_PORT + text)),
    fc.webUrl({ withQueryParameters: true }).map(unknownValidity),
  ),
)

const eventItem = (api: Api) =>
  fc
    .record({ type: fc.constantFrom(...EVENT_TYPES), added_at: fc.constantFrom(undefined, null, 'x', 1) })
    .map((item) => (api === 'rest' ? item : { type: item.type }))

const events = (api: Api) =>
  mostlyValid(
    fc.oneof(
      { weight: 6, arbitrary: fc.array(eventItem(api), { minLength: 1, maxLength: 4 }).map(validJson) },
      // GraphQL takes one object as a list of one, REST does not.
      { weight: 1, arbitrary: eventItem(api).map(api === 'rest' ? invalidJson : validJson) },
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
        .map(invalidJson),
      unusualText.map((type) => invalidJson([{ type: EVENT_TYPES[0] }, { type }])),
      fc.constantFrom([{ type: 'POST.CREATED' }], [{ type: 'post.created', name: 'x' }]).map(invalidJson),
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

/** A field that an endpoint does not have, or that only the gateway writes. REST ignores its read-only fields. */
const extraField = (api: Api) =>
  fc
    .record({ name: fc.constantFrom(...READ_ONLY, ...READ_ONLY, ...UNKNOWN), value: anyJson })
    .map(({ name, value }): [string, RequestPart] => {
      const isIgnored = api === 'rest' && READ_ONLY.includes(name)
      return [name, { text: value, validity: isIgnored ? 'valid' : 'invalid' }]
    })

/**
 * The JSON text of an object with fields of an endpoint. Any field may be absent.
 *
 * @param required fields without which the object is invalid
 */
export function endpointFields(api: Api, required: string[] = []): fc.Arbitrary<RequestPart> {
  const optional = fc.record(
    { target, events: events(api), is_active: flag, description, ssl_cert_verification: flag },
    { requiredKeys: [] },
  )
  const extra = fc.oneof(
    { weight: 12, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(extraField(api), { maxLength: 2 }) },
  )
  // Without these fields most of the inputs with required fields would be invalid.
  const mostlyComplete = fc.oneof(
    { weight: 8, arbitrary: fc.record({ target, events: events(api) }) },
    { weight: 1, arbitrary: fc.constant({}) },
  )
  return fc
    .tuple(optional, required.length > 0 ? mostlyComplete : fc.constant({}), extra)
    .map(([some, others, extras]) => objectOf([...Object.entries({ ...some, ...others }), ...extras]))

  function objectOf(fields: [string, RequestPart][]): RequestPart {
    const names = fields.map(([name]) => name)
    const isComplete = required.every((name) => names.includes(name))
    const members = fields.map(([name, { text }]) => `${JSON.stringify(spelled(api, name))}: ${text}`)
    return {
      text: `{${members.join(', ')}}`,
      validity: combinedValidity([
        ...fields.map(([, { validity }]) => validity),
        isComplete ? 'valid' : 'invalid',
      ]),
    }
  }
}

const spelled = (api: Api, name: string) =>
  api === 'rest' ? name : (Object.keys(graphqlSpelling({ [name]: 0 }) as object)[0] ?? name)
