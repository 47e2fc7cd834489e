import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { Webhook as SvixWebhook } from 'svix'
import {
  documentedSignature,
  signedHeaders,
  standardSignatures,
} from '../../../src/delivery/sending/signature'
import { generateSecret } from '../../../src/secrets/new-secret'
import { signingKeys } from '../../../src/secrets/signing-keys'

const BODY =
  '{"event_id": 12, "type": "post.created", "created": 1625471209.139224, "data": {"title": "Zoë €"}}'
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OLD = generateSecret()
const NEW = generateSecret()
const [KEYS, OLD_KEYS, NEW_KEYS] = [signingKeys(SECRET), signingKeys(OLD), signingKeys(NEW)]
const now = () => Math.floor(Date.now() / 1_000)

const sent = (secrets: string[], body: string | Buffer = BODY, timestampSeconds = now()) =>
  signedHeaders({
    headerName: 'SelfCommunity-Signature',
    secrets: secrets.map(signingKeys),
    eventId: 12,
    timestampSeconds,
    body,
  })

type Headers = Record<string, string>

/** How receivers verify, each with a library and the headers that it reads. `verify` throws when it does not trust. */
const RECEIVERS: [name: string, verify: (body: string, headers: Headers, secret: string) => unknown][] = [
  ['standardwebhooks', (body, headers, secret) => new StandardWebhook(secret).verify(body, headers)],
  ['svix', (body, headers, secret) => new SvixWebhook(secret).verify(body, headers)],
  [
    'stripe',
    (body, headers, secret) =>
      Stripe.webhooks.constructEvent(body, headers['SelfCommunity-Signature'] ?? '', secret),
  ],
]

describe.each(RECEIVERS)('a receiver with %s', (_, verify) => {
  it.each([
    ['before an overlap', [OLD], [OLD], [NEW]],
    ['during an overlap', [NEW, OLD], [NEW, OLD], [generateSecret()]],
    ['after an overlap', [NEW], [NEW], [OLD]],
  ])('trusts signatures by a live secret only: %s', (_when, live, trusted, distrusted) => {
    const headers = sent(live)
    for (const secret of trusted) expect(verify(BODY, headers, secret)).toEqual(JSON.parse(BODY))
    for (const secret of distrusted) expect(() => verify(BODY, headers, secret)).toThrow()
  })

  it('does not trust another body, another time, or an old signature', () => {
    expect(() => verify(BODY.replace('12', '13'), sent([NEW]), NEW)).toThrow()
    const [early, late] = [sent([NEW], BODY, now() - 10), sent([NEW], BODY, now())]
    const moved: Headers = { ...early, 'webhook-timestamp': late['webhook-timestamp'] ?? '' }
    moved['SelfCommunity-Signature'] = (early['SelfCommunity-Signature'] ?? '').replace(/t=\d+/, `t=${now()}`)
    expect(() => verify(BODY, moved, NEW)).toThrow()
    expect(() => verify(BODY, sent([NEW], BODY, now() - 3_600), NEW)).toThrow()
  })

  it('trusts any JSON, signed as text or as bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (data, asBytes) => {
        const body = JSON.stringify({ data })
        const headers = sent([NEW], asBytes ? Buffer.from(body) : body)
        expect(verify(body, headers, NEW)).toEqual(JSON.parse(body))
      }),
      { numRuns: 50 },
    )
  })
})

describe('the documented header', () => {
  it('is t= and an HMAC-SHA256 with the whole secret as its key, over the time and the body', () => {
    const expected = createHmac('sha256', SECRET).update(`1625471209.${BODY}`).digest('hex')
    expect(documentedSignature([KEYS], 1_625_471_209, BODY)).toBe(`t=1625471209,v1=${expected}`)
  })

  it('has a signature for each secret, newest first', () => {
    const [newest, older] = [NEW_KEYS, OLD_KEYS].map((keys) =>
      documentedSignature([keys], 1, BODY).slice('t=1,'.length),
    )
    expect(documentedSignature([NEW_KEYS, OLD_KEYS], 1, BODY)).toBe(`t=1,${newest},${older}`)
  })

  it('signs bytes unchanged', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xc3])
    const expected = createHmac('sha256', SECRET)
      .update(Buffer.concat([Buffer.from('1.'), bytes]))
      .digest('hex')
    expect(documentedSignature([KEYS], 1, bytes)).toBe(`t=1,v1=${expected}`)
  })
})

describe('the headers of Standard Webhooks', () => {
  it('agree with the example of the specification', () => {
    // standard-webhooks.md and the test vectors of its libraries
    const [id, body] = ['msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}']
    expect(standardSignatures([KEYS], id, 1_614_265_330, body)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    )
  })

  it('have a signature for each secret, newest first', () => {
    const [newest, older] = [NEW_KEYS, OLD_KEYS].map((keys) => standardSignatures([keys], 'evt_1', 1, BODY))
    expect(standardSignatures([NEW_KEYS, OLD_KEYS], 'evt_1', 1, BODY)).toBe(`${newest} ${older}`)
  })
})

describe('all headers', () => {
  it('carry one event id and one time for both schemes', () => {
    expect(sent([NEW, OLD], BODY, 1_625_471_209)).toEqual({
      'SelfCommunity-Signature': documentedSignature([NEW_KEYS, OLD_KEYS], 1_625_471_209, BODY),
      'webhook-id': 'evt_12',
      'webhook-timestamp': '1625471209',
      'webhook-signature': standardSignatures([NEW_KEYS, OLD_KEYS], 'evt_12', 1_625_471_209, BODY),
    })
  })

  it('have the documented header under the configured name', () => {
    const headers = signedHeaders({
      headerName: 'X-Sig',
      secrets: [NEW_KEYS],
      eventId: 2n ** 60n,
      timestampSeconds: 1,
      body: '',
    })
    expect(Object.keys(headers)).toEqual(['X-Sig', 'webhook-id', 'webhook-timestamp', 'webhook-signature'])
    expect(headers['webhook-id']).toBe('evt_1152921504606846976')
  })
})
