import fc from 'fast-check'
import { withoutSpace } from '../../../../src/json-slice'
import { EVENT_TYPES } from './endpoint-fields'
import { invalidText, type RequestPart, validJson, validText } from './request-part'
import { anyJson, isValidEventData } from './unusual-values'

/** An event to publish: its type and its data, as JSON texts. */
export const publication = fc.record({
  type: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...EVENT_TYPES).map(validJson) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('null', '7', '""', '"no.such"', '["post.created"]', '"\\u0000"', '"\\ud800"')
        .map(invalidText),
    },
  ),
  data: anyJson.map(
    (text): RequestPart => ({ text, validity: isValidEventData(text) ? 'valid' : 'invalid' }),
  ),
})

/** Few different keys, so that a sequence uses one key twice. A request adds the key prefix of its sequence. */
export const idempotencyKey = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.nat(2).map((number) => validText(` ${number}`)) },
  { weight: 1, arbitrary: fc.constantFrom(validText('\xe9\xff'), invalidText('x'.repeat(300))) },
)

/** The event that a publication stores when the gateway accepts it. */
export const publishedContent = (type: RequestPart, data: RequestPart) => ({
  type: type.text.slice(1, -1),
  data: withoutSpace(data.text),
})

/** The data in the body of an event, as in `publishedContent`. */
export const dataOf = (body: unknown) => withoutSpace(String(body)).replace(/^.*?"data":(.*)\}$/s, '$1')
