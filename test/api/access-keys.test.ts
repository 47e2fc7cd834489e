import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { JWT_SECRET, startTestGateway, type TestGateway } from '../support/gateway'
import { fromNow, HOUR, handmadeToken, hmacToken, keyToken, unsignedToken } from '../support/tokens'

const ADMIN = { sub: 'somebody', role: 'admin', exp: fromNow(HOUR) }

let gateway: TestGateway
const sent = new Set<string>()

/** The answers of REST and GraphQL to a token: the REST status, its challenge, and the GraphQL codes. */
async function resultOf(token: string) {
  sent.add(token)
  const { status, headers } = await gateway.rest('GET', 'endpoint/', { token })
  const { errors = [] } = await gateway.gql('{ webhookEndpoints { totalCount } }', {}, token)
  return [status, headers.get('www-authenticate'), ...errors.map(({ extensions }) => extensions?.code)]
}

const ACCEPTED = [200, null]
const DENIED = [401, 'Bearer', 'UNAUTHENTICATED']
const FORBIDDEN = [403, null, 'FORBIDDEN']

/** Ends the gateway after making sure that it printed none of the tokens it was sent. */
async function stopGateway() {
  await gateway.end()
  const leaked = [...sent].filter((token) => gateway.output().includes(token))
  await gateway.stop()
  sent.clear()
  expect(leaked).toEqual([])
}

describe('tokens for one audience by one issuer, with their roles at a path', () => {
  const claims = {
    sub: 'somebody',
    exp: fromNow(HOUR),
    iss: 'https://id.example/realms/shop',
    aud: 'hookgate',
    realm_access: { roles: ['offline_access', 'admin'] },
  }
  const { iss, aud, realm_access: roles, ...nameless } = claims

  beforeAll(async () => {
    gateway = await startTestGateway({
      LOG_LEVEL: 'trace',
      HOOKGATE_JWT_ISSUER: iss,
      HOOKGATE_JWT_AUDIENCE: aud,
      HOOKGATE_ROLE_CLAIM: 'realm_access.roles',
    })
  })
  afterAll(stopGateway)

  it.each([
    ['with all claims', claims],
    ['for several audiences', { ...claims, aud: ['account', 'hookgate'] }],
    ['with one role that is no list', { ...claims, realm_access: { roles: 'admin' } }],
  ])('%s are accepted', async (_name, given) => {
    expect(await resultOf(hmacToken(given, JWT_SECRET))).toEqual(ACCEPTED)
  })

  it.each([
    ['by another issuer', { ...claims, iss: 'https://id.example/realms/other' }],
    ['by an issuer whose name starts alike', { ...claims, iss: `${iss}/` }],
    ['by no issuer', { ...nameless, aud, realm_access: roles }],
    ['for another audience', { ...claims, aud: 'account' }],
    ['for other audiences', { ...claims, aud: ['account', 'hookgate2'] }],
    ['for no audience', { ...nameless, iss, realm_access: roles }],
    ['for an empty list of audiences', { ...claims, aud: [] }],
  ])('%s are refused', async (_name, given) => {
    expect(await resultOf(hmacToken(given, JWT_SECRET))).toEqual(DENIED)
  })

  it.each([
    ['without the role', { ...claims, realm_access: { roles: ['offline_access'] } }],
    ['with the role elsewhere', { ...nameless, iss, aud, role: 'admin', roles: ['admin'] }],
    ['with a path that ends early', { ...claims, realm_access: 'admin' }],
    ['with a null on the path', { ...claims, realm_access: null }],
  ])('%s are known but not let in', async (_name, given) => {
    expect(await resultOf(hmacToken(given, JWT_SECRET))).toEqual(FORBIDDEN)
  })
})

const KEY_PAIRS = {
  RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  Ed25519: () => generateKeyPairSync('ed25519'),
}

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()

describe.each(Object.entries(KEY_PAIRS))('with a public key of the kind %s', (_kind, generate) => {
  const { privateKey, publicKey } = generate()
  const pem = pemOf(publicKey)

  beforeAll(async () => {
    gateway = await startTestGateway({
      LOG_LEVEL: 'trace',
      HOOKGATE_JWT_SECRET: '',
      HOOKGATE_JWT_PUBLIC_KEY: pem,
    })
  })
  afterAll(stopGateway)

  it('accepts a token signed with its private key', async () => {
    expect(await resultOf(keyToken(ADMIN, privateKey))).toEqual(ACCEPTED)
  })

  it('rejects a token of the same key when it has expired', async () => {
    expect(await resultOf(keyToken({ ...ADMIN, exp: fromNow(-HOUR) }, privateKey))).toEqual(DENIED)
  })

  it.each([
    ['as it is', pem],
    ['without its last line break', pem.trimEnd()],
    ['in one line', pem.replaceAll('\n', '\\n')],
    ['its bytes alone', publicKey.export({ type: 'spki', format: 'der' }).toString('latin1')],
    ['empty', ''],
  ])('refuses its text as an HS256 secret: %s', async (_name, secret) => {
    expect(await resultOf(hmacToken(ADMIN, secret))).toEqual(DENIED)
  })

  it.each(Object.entries(KEY_PAIRS))('refuses another key of the kind %s', async (_other, generateOther) => {
    expect(await resultOf(keyToken(ADMIN, generateOther().privateKey))).toEqual(DENIED)
  })

  it('rejects a key that the token contains', async () => {
    const other = generate().privateKey
    const jwk = createPublicKey(other).export({ format: 'jwk' })
    expect(await resultOf(keyToken(ADMIN, other, { jwk }))).toEqual(DENIED)
  })

  it('rejects unsigned tokens and an empty signature', async () => {
    expect(await resultOf(unsignedToken(ADMIN))).toEqual(DENIED)
    for (const alg of ['RS256', 'ES256', 'EdDSA']) {
      expect(await resultOf(unsignedToken(ADMIN, alg))).toEqual(DENIED)
      expect(await resultOf(handmadeToken({ alg }, ADMIN, () => Buffer.alloc(64)))).toEqual(DENIED)
    }
  })

  it('rejects a token signed with the development secret', async () => {
    expect(await resultOf(hmacToken(ADMIN, JWT_SECRET))).toEqual(DENIED)
  })
})

describe('with the keys of an identity provider', () => {
  const keys = Object.entries(KEY_PAIRS).map(([kid, generate]) => ({ kid, ...generate() }))
  const asked: string[] = []
  let provider: Server
  let answer: 'keys' | 'error' | 'nonsense' | 'nothing' = 'nothing'

  beforeAll(async () => {
    const jwks = keys.map(({ kid, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      use: 'sig',
    }))
    provider = createServer(({ url = '' }, response) => {
      asked.push(url)
      if (answer === 'nothing') return response.destroy()
      if (answer === 'error') return response.writeHead(500).end()
      response.setHeader('content-type', 'application/json')
      return response.end(answer === 'keys' ? JSON.stringify({ keys: jwks }) : '{"keys": "none"}')
    })
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
    gateway = await startTestGateway({
      LOG_LEVEL: 'trace',
      HOOKGATE_JWT_SECRET: '',
      HOOKGATE_JWKS_URL: `${providerUrl()}/jwks`,
    })
  })
  afterAll(async () => {
    await stopGateway()
    provider.close()
  })

  const providerUrl = () => `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
  const [rsa] = keys as [(typeof keys)[number]]

  describe.each(['nothing', 'error', 'nonsense'] as const)('that answers %s for now', (what) => {
    beforeAll(() => {
      answer = what
    })

    it('answers 503, not 401, to a token that may be good', async () => {
      const token = keyToken(ADMIN, rsa.privateKey, { kid: rsa.kid })
      sent.add(token)
      const rest = await gateway.rest('PATCH', 'endpoint/1/', { token, json: {} })
      expect(rest.status).toBe(503)
      expect(rest.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(rest.headers.get('www-authenticate')).toBeNull()
      const { status, data, errors } = await gateway.gql('{ webhookEndpoints { totalCount } }', {}, token)
      expect([status, data]).toEqual([503, undefined])
      expect(errors).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }])
      expect(gateway.output()).toContain(errors?.[0]?.extensions?.errorId)
    })

    it('answers 401 where the denial needs no key', async () => {
      expect(await resultOf('nonsense')).toEqual(DENIED)
      expect(await resultOf(unsignedToken(ADMIN))).toEqual(DENIED)
      expect(await resultOf(hmacToken(ADMIN, pemOf(rsa.publicKey)))).toEqual(DENIED)
      expect((await gateway.rest('GET', 'endpoint/', { token: null })).status).toBe(401)
    })
  })

  describe('that answers again', () => {
    beforeAll(() => {
      answer = 'keys'
    })

    it.each(keys)('accepts a token of its key $kid, by kid', async ({ kid, privateKey }) => {
      expect(await resultOf(keyToken(ADMIN, privateKey, { kid }))).toEqual(ACCEPTED)
    })

    it('refuses an unknown kid', async () => {
      expect(await resultOf(keyToken(ADMIN, rsa.privateKey, { kid: 'unknown' }))).toEqual(DENIED)
    })

    it.each(keys)('refuses another key under the kid $kid', async ({ kid }) => {
      const other = KEY_PAIRS[kid as keyof typeof KEY_PAIRS]().privateKey
      expect(await resultOf(keyToken(ADMIN, other, { kid }))).toEqual(DENIED)
    })

    it.each(keys)('refuses HS256 by the text of its key $kid', async ({ kid, publicKey }) => {
      expect(await resultOf(hmacToken(ADMIN, pemOf(publicKey), 'HS256', { kid }))).toEqual(DENIED)
    })

    it('never requests an address that a token names', async () => {
      const other = KEY_PAIRS.RSA().privateKey
      const header = { kid: 'RSA', jku: `${providerUrl()}/elsewhere`, x5u: `${providerUrl()}/elsewhere` }
      expect(await resultOf(keyToken(ADMIN, other, header))).toEqual(DENIED)
      expect(new Set(asked)).toEqual(new Set(['/jwks']))
    })

    it('does not need the provider for keys that it has cached', async () => {
      answer = 'nothing'
      expect(await resultOf(keyToken(ADMIN, rsa.privateKey, { kid: rsa.kid }))).toEqual(ACCEPTED)
    })
  })
})
