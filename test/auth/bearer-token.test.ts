import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Algorithm, decode, type JwtPayload, type SignOptions, sign } from 'jsonwebtoken'
import type { AuthConfig } from '../../src/auth/auth-config'
import { callerIdentifier, signToken } from '../../src/auth/bearer-token'
import type { TokenKey } from '../../src/auth/verify-token'

const SECRET = 'a secret of the tests, longer than 32 bytes'
const log = { info: jest.fn(), warn: jest.fn(), error: jest.fn() }
const AUTH: AuthConfig = { key: undefined, issuer: undefined, audience: undefined, roleClaim: 'role' }

/** The caller that a token identifies, as `subject: roles`, or the kind of the denial. */
async function identified(token: string, auth: Partial<AuthConfig> = {}, key: TokenKey = { secret: SECRET }) {
  return headerIdentified(`Bearer ${token}`, auth, key)
}

async function headerIdentified(
  header: string | undefined,
  auth: Partial<AuthConfig> = {},
  key: TokenKey = { secret: SECRET },
) {
  const identify = await callerIdentifier({ ...AUTH, ...auth }, key, log)
  const { identity, denial } = await identify(header)
  return identity ? `${identity.subject}: ${identity.roles}` : denial.kind
}

async function denialOf(token: string, key: TokenKey = { secret: SECRET }): Promise<string> {
  const { denial } = await (await callerIdentifier(AUTH, key, log))(`Bearer ${token}`)
  expect(denial?.kind).toBe('unauthenticated')
  return denial?.message ?? ''
}

const token = (claims: JwtPayload = {}, options: SignOptions = { expiresIn: '1h' }, secret = SECRET) =>
  sign({ sub: 'alice', role: 'admin', ...claims }, secret, options)

/** A token that no library signs. */
function handmade(header: object, payload: object | string, secret = SECRET): string {
  const part = (value: object | string) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
  const signed = `${part(header)}.${part(payload)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

const fromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
const inAnHour = () => fromNow(3600)
const anHourAgo = () => fromNow(-3600)

afterAll(() => expect(log.error).not.toHaveBeenCalled())

describe('the Authorization header', () => {
  it.each(['Bearer TOKEN', 'bearer TOKEN', 'BEARER TOKEN', 'Bearer   TOKEN', 'Bearer TOKEN '])(
    'may be %j',
    async (header) => {
      expect(await headerIdentified(header.replace('TOKEN', token()))).toBe('alice: admin')
    },
  )

  it.each([
    undefined,
    '',
    ' ',
    'Bearer',
    'Bearer ',
    'BearerTOKEN',
    'TOKEN',
    'Basic TOKEN',
    'Digest TOKEN',
    'Bearer TOKEN TOKEN',
    'Bearer TOKEN, Bearer TOKEN',
    'Bearer "TOKEN"',
    'Bearer TOKEN\n',
    'Bearer TÖKEN',
  ])('identifies no caller: %j', async (header) => {
    expect(await headerIdentified(header?.replaceAll('TOKEN', token()))).toBe('unauthenticated')
  })

  it.each([
    ['one long token', `Bearer ${'a'.repeat(5_000_000)}`],
    ['one long token with dots', `Bearer ${'a.'.repeat(2_500_000)}`],
    ['a long gap', `Bearer ${' '.repeat(5_000_000)}!`],
    ['a long token with a bad character at its end', `Bearer ${'a'.repeat(5_000_000)}!`],
    ['a long gap after the token', `Bearer a${' '.repeat(5_000_000)}!`],
  ])('is denied quickly even when it is megabytes long: %s', async (_case, header) => {
    expect(await headerIdentified(header)).toBe('unauthenticated')
  })
})

describe('a token of the shared secret', () => {
  it('identifies its subject and roles', async () => {
    expect(await identified(token())).toBe('alice: admin')
    expect(await identified(token({ role: ['publisher', 'other'] }))).toBe('alice: publisher')
  })

  it('identifies a caller without a role, whom the access rules deny later', async () => {
    expect(await identified(token({ role: 'other' }))).toBe('alice: ')
  })

  it('may have its role at a path', async () => {
    const nested = token({ realm_access: { roles: ['admin'] }, role: undefined })
    expect(await identified(nested, { roleClaim: 'realm_access.roles' })).toBe('alice: admin')
  })

  it.each<[string, string]>([
    ['expired', token({ exp: anHourAgo() }, {})],
    ['not yet valid', token({ nbf: inAnHour() })],
    ['signed with another secret', token({}, {}, `${SECRET}!`)],
    ['signed with HS384', token({}, { algorithm: 'HS384' })],
    ['signed with HS512', token({}, { algorithm: 'HS512' })],
    ['not signed', sign({ role: 'admin' }, '', { algorithm: 'none' })],
    ['unsigned, in other letters', handmade({ alg: 'nOnE' }, { role: 'admin' })],
    ['without an algorithm', handmade({ typ: 'JWT' }, { role: 'admin' })],
    ['stripped of its signature', token().replace(/[^.]+$/, '')],
    ['stripped of its signature and the dot', token().replace(/\.[^.]+$/, '')],
    ['with another payload', token().replace(/\.[^.]+\./, `.${token({ sub: 'eve' }).split('.')[1]}.`)],
    ['with a payload that is no object', handmade({ alg: 'HS256' }, '["admin"]')],
    ['with a payload that is no JSON', handmade({ alg: 'HS256' }, 'admin')],
    ['with a payload that is null', handmade({ alg: 'HS256' }, 'null')],
    ['with an expiry that is no number', handmade({ alg: 'HS256' }, { role: 'admin', exp: 'never' })],
    ['with an expiry that is null', handmade({ alg: 'HS256' }, { role: 'admin', exp: null })],
    ['without an expiry', token({}, {})],
    [
      'with a header that must be understood',
      handmade({ alg: 'HS256', crit: ['x'], x: 1 }, { role: 'admin' }),
    ],
    ['garbage', 'garbage'],
    ['garbage with dots', 'a.b.c'],
    ['of five parts', 'a.b.c.d.e'],
    ['nothing but dots', '..'],
  ])('is denied when it is %s', async (_case, denied) => {
    expect(await identified(denied)).toBe('unauthenticated')
  })

  describe('of a machine whose clock differs', () => {
    it.each<[string, JwtPayload]>([
      ['expired 2 s ago', { exp: fromNow(-2) }],
      ['expired 20 s ago', { exp: fromNow(-20) }],
      ['is valid from 2 s ahead', { nbf: fromNow(2), exp: inAnHour() }],
      ['is valid from 20 s ahead', { nbf: fromNow(20), exp: inAnHour() }],
      ['was issued 2 s ahead', { iat: fromNow(2), exp: inAnHour() }],
      ['was issued 20 s ahead', { iat: fromNow(20), exp: inAnHour() }],
    ])('is accepted when it %s', async (_case, claims) => {
      expect(await identified(token(claims, {}))).toBe('alice: admin')
    })

    it.each<[string, JwtPayload]>([
      ['expired 31 s ago', { exp: fromNow(-31) }],
      ['is valid from a minute ahead', { nbf: fromNow(60), exp: inAnHour() }],
      ['was issued a minute ahead', { iat: fromNow(60), exp: inAnHour() }],
    ])('is denied when it %s', async (_case, claims) => {
      expect(await identified(token(claims, {}))).toBe('unauthenticated')
    })

    it('is denied 30 s after its expiry, though it was accepted before', async () => {
      jest.useFakeTimers({ now: 1_800_000_000_000, doNotFake: ['nextTick', 'setImmediate', 'setTimeout'] })
      try {
        const identify = await callerIdentifier(AUTH, { secret: SECRET }, log)
        const header = `Bearer ${token({ exp: fromNow(10) }, {})}`
        const kindAt = async (seconds: number) => {
          jest.setSystemTime(1_800_000_000_000 + seconds * 1_000)
          return (await identify(header)).denial?.kind
        }
        expect([await kindAt(0), await kindAt(39), await kindAt(40)]).toEqual([
          undefined,
          undefined,
          'unauthenticated',
        ])
      } finally {
        jest.useRealTimers()
      }
    })
  })

  it('may live for a hundred years', async () => {
    expect(await identified(token({ exp: fromNow(100 * 365 * 86_400) }, {}))).toBe('alice: admin')
  })

  it('gets a message that its dates are wrong, because only its owner can sign it', async () => {
    expect(await denialOf(token({}, {}))).toMatch(/no expiry/)
    expect(await denialOf(token({ nbf: inAnHour() }))).toMatch(/not valid yet/)
    const forged = await denialOf(token({}, {}, `${SECRET}!`))
    expect(forged).toBe('The bearer token is not valid.')
  })

  it('gets a message that it has expired, while every forged token gets the same message', async () => {
    const expired = await denialOf(token({ exp: anHourAgo() }, {}))
    const forged = await denialOf(token({}, {}, `${SECRET}!`))
    expect(expired).toMatch(/expired/i)
    expect(forged).not.toMatch(/expired/i)
    expect(await denialOf(token({ exp: anHourAgo() }, {}, `${SECRET}!`))).toBe(forged)
    expect(await denialOf('garbage')).toBe(forged)
    expect(await denialOf(token({}, { algorithm: 'HS384' }))).toBe(forged)
  })

  it('is not in the message of a denial', async () => {
    const forged = token({}, {}, `${SECRET}!`)
    for (const part of forged.split('.')) expect(await denialOf(forged)).not.toContain(part)
    expect(await denialOf('garbage')).not.toContain('garbage')
  })
})

describe('issuer and audience', () => {
  it.each<[string, string, Partial<AuthConfig>, SignOptions]>([
    ['no issuer is configured', 'alice: admin', {}, { issuer: 'anybody' }],
    ['the issuer is the configured one', 'alice: admin', { issuer: 'us' }, { issuer: 'us' }],
    ['the issuer is another', 'unauthenticated', { issuer: 'us' }, { issuer: 'them' }],
    ['the issuer is missing', 'unauthenticated', { issuer: 'us' }, {}],
    ['no audience is configured', 'alice: admin', {}, { audience: 'anybody' }],
    [
      'the audience is the configured one',
      'alice: admin',
      { audience: 'hookgate' },
      { audience: 'hookgate' },
    ],
    [
      'the audience is one of several',
      'alice: admin',
      { audience: 'hookgate' },
      { audience: ['x', 'hookgate'] },
    ],
    ['the audience is another', 'unauthenticated', { audience: 'hookgate' }, { audience: 'x' }],
    ['the audience is missing', 'unauthenticated', { audience: 'hookgate' }, {}],
  ])('%s: %s', async (_case, result, auth, options) => {
    expect(await identified(token({}, { expiresIn: '1h', ...options }), auth)).toBe(result)
  })
})

describe('signToken', () => {
  it.each<[string, Partial<AuthConfig>]>([
    ['without options', {}],
    ['with issuer and audience', { issuer: 'https://us.example/', audience: 'hookgate' }],
    ['with a role claim at a path', { roleClaim: 'realm_access.roles' }],
    ['with a role claim whose name has dots', { roleClaim: 'https://hookgate.example/role' }],
  ])('signs a token that identifies the subject, %s', async (_case, auth) => {
    const claims = { role: 'publisher', subject: 'bob', ttl: '1h' } as const
    const signed = await signToken({ ...AUTH, ...auth }, SECRET, claims)
    expect(await identified(signed, auth)).toBe('bob: publisher')
  })

  it.each([
    ['30s', 30],
    ['15m', 900],
    ['1h', 3_600],
    ['7d', 604_800],
  ])('lets a token live for %s', async (ttl, seconds) => {
    const signed = await signToken(AUTH, SECRET, { role: 'admin', subject: 'bob', ttl })
    const { iat = 0, exp = 0 } = decode(signed) as JwtPayload
    expect(exp - iat).toBe(seconds)
  })

  it('writes the claims that other libraries read', async () => {
    const auth = { ...AUTH, issuer: 'us', audience: 'hookgate', roleClaim: 'realm_access.roles' }
    const signed = await signToken(auth, SECRET, { role: 'admin', subject: 'bob', ttl: '1h' })
    expect(decode(signed, { complete: true })).toMatchObject({
      header: { alg: 'HS256' },
      payload: { sub: 'bob', iss: 'us', aud: 'hookgate', realm_access: { roles: 'admin' } },
    })
  })

  it.each(['__proto__', '__proto__.role', 'constructor.prototype.role'])(
    'does not change the prototype of objects: %s',
    async (roleClaim) => {
      await signToken({ ...AUTH, roleClaim }, SECRET, { role: 'admin', subject: 'bob', ttl: '1h' })
      expect(Object.hasOwn(Object.prototype, 'role')).toBe(false)
      expect(({} as { role?: string }).role).toBeUndefined()
    },
  )
})

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed25519 = generateKeyPairSync('ed25519')
const KEY_PAIRS = [
  ['RS256', rsa],
  ['ES256', p256],
  ['EdDSA', ed25519],
] as const

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()

/** Signs with jose, because jsonwebtoken has no EdDSA. */
async function signedBy(privateKey: KeyObject, alg: string, kid?: string): Promise<string> {
  const { SignJWT } = await import('jose')
  return new SignJWT({ role: 'admin' })
    .setProtectedHeader({ alg, kid })
    .setSubject('alice')
    .setExpirationTime('1h')
    .sign(privateKey)
}

describe('a token of a public key', () => {
  it.each(KEY_PAIRS)('is accepted when signed with %s', async (alg, { publicKey, privateKey }) => {
    const signed = await signedBy(privateKey, alg)
    expect(await identified(signed, {}, { publicKey: pemOf(publicKey) })).toBe('alice: admin')
  })

  it('is denied when signed with another key of the kind', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const signed = await signedBy(other.privateKey, 'ES256')
    expect(await identified(signed, {}, { publicKey: pemOf(p256.publicKey) })).toBe('unauthenticated')
  })

  it.each(['RS384', 'RS512', 'PS256'] satisfies Algorithm[])(
    'is denied when an RSA key signed it with %s',
    async (algorithm) => {
      const signed = sign({ role: 'admin' }, rsa.privateKey, { algorithm })
      expect(await identified(signed, {}, { publicKey: pemOf(rsa.publicKey) })).toBe('unauthenticated')
    },
  )

  it('is denied when it uses the public key as a shared secret', async () => {
    const publicKey = pemOf(rsa.publicKey)
    const forged = handmade({ alg: 'HS256' }, { role: 'admin', exp: inAnHour() }, publicKey)
    expect(await identified(forged, {}, { publicKey })).toBe('unauthenticated')
  })
})

describe('a token of an identity provider', () => {
  let provider: Server
  let key: { jwksUrl: string }
  let published: object[]
  let fetches: number
  const otherP256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwkOf = ({ publicKey }: { publicKey: KeyObject }, more: object) => ({
    ...publicKey.export({ format: 'jwk' }),
    ...more,
  })

  beforeAll(async () => {
    provider = createServer((_request, response) => {
      fetches += 1
      response.end(JSON.stringify({ keys: published }))
    })
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
    key = { jwksUrl: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/jwks` }
  })
  beforeEach(() => {
    fetches = 0
    published = KEY_PAIRS.map(([alg, pair]) => jwkOf(pair, { kid: alg }))
  })
  afterAll(() => provider.close())

  it.each(KEY_PAIRS)('is accepted when signed with %s', async (alg, { privateKey }) => {
    expect(await identified(await signedBy(privateKey, alg, alg), {}, key)).toBe('alice: admin')
  })

  it('is accepted when it calls EdDSA Ed25519', async () => {
    expect(await identified(await signedBy(ed25519.privateKey, 'Ed25519', 'EdDSA'), {}, key)).toBe(
      'alice: admin',
    )
  })

  it('is accepted without a kid, by any key of its algorithm', async () => {
    published = [jwkOf(otherP256, {}), ...published, jwkOf(rsa, { use: 'enc' })]
    expect(await identified(await signedBy(p256.privateKey, 'ES256'), {}, key)).toBe('alice: admin')
    expect(await identified(await signedBy(rsa.privateKey, 'RS256'), {}, key)).toBe('alice: admin')
  })

  it('is accepted by one of two keys of the same name', async () => {
    published = [jwkOf(otherP256, { kid: 'ES256' }), ...published]
    expect(await identified(await signedBy(p256.privateKey, 'ES256', 'ES256'), {}, key)).toBe('alice: admin')
  })

  it.each<[string, () => Promise<string> | string]>([
    ['of a key that the provider does not publish', () => signedBy(p256.privateKey, 'ES256', 'other')],
    ['signed with another key of the name', () => signedBy(otherP256.privateKey, 'ES256', 'ES256')],
    ['signed with an unknown key, without a name', () => signedBy(otherP256.privateKey, 'ES256')],
    [
      'of a kid that is no text',
      () => handmade({ alg: 'ES256', kid: 1 }, { role: 'admin', exp: inAnHour() }),
    ],
  ])('is denied when it is %s', async (_case, makeToken) => {
    expect(await identified(await makeToken(), {}, key)).toBe('unauthenticated')
  })

  it.each<[string, () => string]>([
    ['of a shared secret', () => token()],
    ['unsigned', () => sign({ role: 'admin' }, '', { algorithm: 'none' })],
    ['of an algorithm that is not supported', () => handmade({ alg: 'PS256' }, { role: 'admin' })],
    ['of an algorithm that is no text', () => handmade({ alg: ['ES256'] }, { role: 'admin' })],
    ['garbage', () => 'garbage'],
    ['garbage with dots', () => 'a.b.c'],
  ])('is denied without a look at the keys when it is %s', async (_case, makeToken) => {
    expect(await identified(makeToken(), {}, key)).toBe('unauthenticated')
    expect(fetches).toBe(0)
  })

  it('is denied when the key that verifies it is for encryption', async () => {
    published = [jwkOf(p256, { kid: 'a', use: 'enc' })]
    expect(await identified(await signedBy(p256.privateKey, 'ES256', 'a'), {}, key)).toBe('unauthenticated')
  })

  it('is accepted at once when its key was published a moment ago', async () => {
    const identify = await callerIdentifier(AUTH, key, log)
    published = [jwkOf(rsa, { kid: 'old' })]
    const old = await identify(`Bearer ${await signedBy(rsa.privateKey, 'RS256', 'old')}`)
    const renewed = `Bearer ${await signedBy(p256.privateKey, 'ES256', 'new')}`
    const early = await identify(renewed)
    published.push(jwkOf(p256, { kid: 'new' }))
    const late = await identify(renewed)
    expect([old, early, late].map(({ denial }) => denial?.kind)).toEqual([
      undefined,
      'unauthenticated',
      undefined,
    ])
  })

  it('is accepted when the provider replaced a key that has no name', async () => {
    const identify = await callerIdentifier(AUTH, key, log)
    published = [jwkOf(otherP256, {})]
    expect((await identify(`Bearer ${await signedBy(otherP256.privateKey, 'ES256')}`)).identity).toBeDefined()
    published = [jwkOf(p256, {})]
    expect((await identify(`Bearer ${await signedBy(p256.privateKey, 'ES256')}`)).identity).toBeDefined()
  })

  it('shares one look at the keys with others of unknown keys', async () => {
    const identify = await callerIdentifier(AUTH, key, log)
    await identify(`Bearer ${await signedBy(rsa.privateKey, 'RS256', 'RS256')}`)
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, nth) => signedBy(p256.privateKey, 'ES256', `unknown ${nth}`)),
    )
    const callers = await Promise.all(tokens.map((one) => identify(`Bearer ${one}`)))
    expect(new Set(callers.map(({ denial }) => denial?.kind))).toEqual(new Set(['unauthenticated']))
    expect(fetches).toBe(2)
  })

  it('is not reported as bad when the provider does not answer, and the log has the id of the error', async () => {
    const identify = await callerIdentifier(AUTH, { jwksUrl: 'http://127.0.0.1:1/jwks' }, log)
    const { denial } = await identify(`Bearer ${await signedBy(p256.privateKey, 'ES256', 'ES256')}`)
    expect(denial?.kind).toBe('service_unavailable')
    expect(log.warn).toHaveBeenLastCalledWith(
      { err: expect.objectContaining({ message: 'fetch failed' }), errorId: denial?.details.errorId },
      expect.stringContaining('identity provider'),
    )
  })
})
