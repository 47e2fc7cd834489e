import { graphqlCodes, graphqlProblems, restResult, resultOf } from '../support/answer-problems'
import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'
import { graphql, postEventOnWire } from '../support/raw-publish'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway?.stop())

const PUBLISH = `mutation($input: PublishWebhookEventInput!) { publishWebhookEvent(input: $input) { event { id body } deduplicated } }`

const shop = tokenFor({ role: 'publisher', sub: 'shop' })
const blog = tokenFor({ role: 'publisher', sub: 'blog' })
const nobody = tokenFor({ role: 'publisher' })

interface Publication {
  key: string
  /** JSON text */
  data?: string
  token?: string
}

/** The status, and the event's id or the code of the error. */
async function byRest({ key, data = '{}', token = shop }: Publication) {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key }
  const body = `{"type": "post.created", "data": ${data}}`
  const answer = await gateway.rest('POST', 'event/', { token, headers, body })
  return answer.status < 400
    ? { status: answer.status, id: String(answer.body.event_id) }
    : restResult(answer)
}

async function byGraphql({ key, data = '{}', token = shop }: Publication) {
  const variables = `{"input": {"type": "post.created", "data": ${data}, "idempotencyKey": ${JSON.stringify(key)}}}`
  const answer = await graphql(gateway, { query: PUBLISH, variables, token })
  if (answer.errors) return graphqlCodes(answer)
  const { event, deduplicated } = answer.data.publishWebhookEvent
  return { status: deduplicated ? 200 : 201, id: event.id }
}

const CONFLICT = resultOf(409, ['idempotency_conflict'])

describe('One key with content that differs', () => {
  it.each([
    ['past 2^53', '{"id": 9007199254740992}', '{"id": 9007199254740993}'],
    ['in the digits of a number', '{"amount": 1.1}', '{"amount": 1.10}'],
    ['in the order of keys', '{"b": 1, "2": 2}', '{"2": 2, "b": 1}'],
    ['in a key that comes twice', '{"a": 1, "a": 2}', '{"a": 2}'],
    ['in white space inside a text', '{"a": "x y"}', '{"a": "x  y"}'],
    ['beyond the range of doubles', '1E400', '1E401'],
  ])('%s is a conflict: the second event is not the first', async (name, first, second) => {
    const key = `differs ${name}`
    expect(await byRest({ key, data: first })).toMatchObject({ status: 201 })
    expect(await byRest({ key, data: second })).toEqual(CONFLICT)
    expect(await byGraphql({ key, data: second })).toEqual(['IDEMPOTENCY_CONFLICT'])
  })

  it('only in white space between tokens is the same event, by both APIs', async () => {
    const key = 'white space'
    const first = await byRest({ key, data: '{"a":[1.10,"x y"]}' })
    expect(first).toMatchObject({ status: 201 })
    const again = { ...first, status: 200 }
    expect(await byRest({ key, data: '{ "a" :\n[ 1.10, "x y" ]}' })).toEqual(again)
    expect(await byGraphql({ key, data: '{"a": [1.10, "x y"]}' })).toEqual(again)
    const query =
      'mutation { publishWebhookEvent(input: {type: "post.created", data: {a: [1.10, "x y"]}, idempotencyKey: "white space"}) { event { id body } } }'
    const answer = await graphql(gateway, { query, token: shop })
    // The event as it is stored, not as it was repeated.
    expect(answer.data.publishWebhookEvent.event).toEqual({
      id: again.status === 200 && 'id' in again ? again.id : '',
      body: expect.stringContaining('"data": {"a":[1.10,"x y"]}}'),
    })
  })
})

describe('Keys belong to their publisher', () => {
  it('so two publishers may use one key, each for its own event', async () => {
    const key = 'one key'
    const published = [
      await byRest({ key, token: shop, data: '1' }),
      await byGraphql({ key, token: blog, data: '2' }),
      await byRest({ key, token: nobody, data: '3' }),
    ]
    expect(published.map((answer) => 'status' in answer && answer.status)).toEqual([201, 201, 201])
    const again = published.map((answer) => ({ ...answer, status: 200 }))
    expect([
      await byGraphql({ key, token: shop, data: '1' }),
      await byRest({ key, token: blog, data: '2' }),
      await byGraphql({ key, token: nobody, data: '3' }),
    ]).toEqual(again)
    expect(await byRest({ key, token: blog, data: '1' })).toEqual(CONFLICT)
  })

  it('whatever its role, and whichever token it has at the moment', async () => {
    const key = 'another token'
    const first = await byRest({ key, token: tokenFor({ role: 'publisher', sub: 'product', jti: '1' }) })
    const again = await byGraphql({ key, token: tokenFor({ role: 'admin', sub: 'product', jti: '2' }) })
    expect(again).toEqual({ ...first, status: 200 })
  })

  it.each([
    ['U+0000', 'a\0b', 'a\0c'],
    ['half a character', '\ud800', '\ud801'],
    ['20,000 characters', 'x'.repeat(5_000), `${'x'.repeat(4_999)}y`],
    ['other scripts', '世界', '世'],
  ])('also when its subject has %s', async (_what, subject, other) => {
    const token = tokenFor({ role: 'publisher', sub: subject })
    const first = await byRest({ key: 'subject', token })
    expect(first).toMatchObject({ status: 201 })
    expect(await byGraphql({ key: 'subject', token })).toEqual({ ...first, status: 200 })
    const byOther = await byRest({ key: 'subject', token: tokenFor({ role: 'publisher', sub: other }) })
    expect(byOther).toMatchObject({ status: 201 })
  })
})

describe('A key', () => {
  const publishOnWire = (
    headers: Record<string, string | string[]>,
    body = '{"type": "post.created", "data": 1}',
  ) => postEventOnWire(gateway, body, headers)

  it.each([1, 255])('of %i characters works by both APIs', async (length) => {
    const key = '-'.repeat(length)
    const first = await byRest({ key })
    expect(first).toMatchObject({ status: 201 })
    expect(await byGraphql({ key })).toEqual({ ...first, status: 200 })
  })

  it('of 255 characters of any script works, and is the same key in a header', async () => {
    const key = '😀'.repeat(255)
    const first = await byGraphql({ key, token: gateway.adminToken, data: '1' })
    expect(first).toMatchObject({ status: 201 })
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') }
    const again = await publishOnWire(headers)
    expect([again.status, String((again.body as { event_id: number }).event_id)]).toEqual([
      200,
      'id' in first ? first.id : '',
    ])
  })

  it.each([
    ['empty', '', 'empty'],
    ['longer than 255 characters', 'x'.repeat(256), 'too_long'],
  ])('that is %s is refused by both APIs', async (_what, key, code) => {
    expect(await byRest({ key })).toEqual(resultOf(400, [`idempotency_key ${code}`]))
    const variables = `{"input": {"type": "post.created", "data": 1, "idempotencyKey": ${JSON.stringify(key)}}}`
    const answer = await graphql(gateway, { query: PUBLISH, variables })
    expect(graphqlProblems(answer)).toEqual([`input: idempotency_key ${code.toUpperCase()}`])
  })

  it('that is given twice is refused in words, with every other fault', async () => {
    const twice = { 'idempotency-key': ['a', 'b'] }
    const answer = await publishOnWire(twice)
    expect(answer).toEqual({
      status: 400,
      body: {
        errors: [
          {
            field: 'idempotency_key',
            messages: [{ code: 'wrong_type', message: 'The header Idempotency-Key must be sent once.' }],
          },
        ],
      },
    })
    expect(restResult(await publishOnWire(twice, '{"type": 1, "date": 1}'))).toEqual(
      resultOf(400, ['data required', 'date unknown_field', 'idempotency_key wrong_type', 'type wrong_type']),
    )
  })

  it('that is bad is reported together with missing fields', async () => {
    expect(
      restResult(await publishOnWire({ 'idempotency-key': 'x'.repeat(256) }, '{"type": "nope"}')),
    ).toEqual(resultOf(400, ['data required', 'idempotency_key too_long', 'type unknown_event_type']))
  })
})
