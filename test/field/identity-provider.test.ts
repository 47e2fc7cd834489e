import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Child, spawnChild } from '../support/child'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { until } from '../support/until'

const FOLDER = join(__dirname, 'identity-provider')

/** A running identity provider. */
interface Provider {
  url: string
  child: Child
  /** @param signer the kid of one of the keys, each given by its kid and its algorithm */
  publish(signer: string, keys: [kid: string, algorithm: string][]): Promise<void>
  answer(what: 'keys' | 'error' | 'nonsense' | 'silence'): Promise<void>
  /** how often its key set was fetched */
  fetches(): Promise<number>
  /** a new token of its signer */
  token(): Promise<string>
}

async function startProvider(port = 0): Promise<Provider> {
  const child = spawnChild(process.execPath, [join(FOLDER, 'provider.mjs'), String(port)])
  // The provider writes remarks for developers between its answers.
  const reply = async () => {
    for (;;) {
      const line = await child.readLine()
      if (line.startsWith('{')) return JSON.parse(line)
    }
  }
  const { url } = await reply()
  const run = (...command: unknown[]) => {
    child.writeLine(JSON.stringify(command))
    return reply()
  }
  return {
    url,
    child,
    publish: (signer, keys) => run('publish', signer, keys),
    answer: (what) => run('answer', what),
    fetches: async () => (await run('fetches')).fetches,
    async token() {
      const response = await fetch(`${url}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: 'shop',
          client_secret: 'secret-of-the-shop',
          resource: 'urn:hookgate',
          scope: 'all',
        }),
      })
      const { access_token: token, ...rest } = (await response.json()) as { access_token?: string }
      if (!token) throw new Error(JSON.stringify(rest))
      return token
    },
  }
}

const startGateway = ({ url }: Provider) =>
  startTestGateway({
    HOOKGATE_JWT_SECRET: '',
    HOOKGATE_JWKS_URL: `${url}/jwks`,
    HOOKGATE_JWT_ISSUER: url,
    HOOKGATE_JWT_AUDIENCE: 'hookgate',
  })

let provider: Provider
let gateway: TestGateway

const statusOf = async (token: string) => (await gateway.rest('GET', 'endpoint/', { token })).status

beforeAll(async () => {
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--silent'], { cwd: FOLDER })
})
beforeEach(async () => {
  provider = await startProvider()
  await provider.publish('first', [['first', 'RS256']])
  gateway = await startGateway(provider)
})
afterEach(async () => {
  await gateway.stop()
  await provider.child.end()
})

it.each(['RS256', 'ES256', 'EdDSA'])('accepts the tokens of a provider that signs with %s', async (alg) => {
  await provider.publish('key', [['key', alg]])
  const token = await provider.token()
  expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({
    alg,
    kid: 'key',
  })
  expect(await statusOf(token)).toBe(200)
  const { errors } = await gateway.gql('{ webhookEndpoints { totalCount } }', {}, token)
  expect(errors).toBeUndefined()
})

it('accepts a token of a new key at once, whatever the algorithm, and of the old key meanwhile', async () => {
  const old = await provider.token()
  expect(await statusOf(old)).toBe(200)
  await provider.publish('second', [
    ['first', 'RS256'],
    ['second', 'EdDSA'],
  ])
  expect(await statusOf(await provider.token())).toBe(200)
  await provider.publish('third', [
    ['third', 'ES256'],
    ['second', 'EdDSA'],
    ['first', 'RS256'],
  ])
  expect(await statusOf(await provider.token())).toBe(200)
  expect(await statusOf(old)).toBe(200)
})

it('refuses a token of a withdrawn key, cached tokens as well', async () => {
  const cached = await provider.token()
  const other = await provider.token()
  expect(await statusOf(cached)).toBe(200)
  await provider.publish('second', [['second', 'ES256']])
  // test/auth/provider-keys.test.ts holds the clock and shows that this takes a minute at most.
  await until(async () => (await statusOf(cached)) === 401)
  expect(await statusOf(other)).toBe(401)
  expect(await statusOf(await provider.token())).toBe(200)
})

it.each(['error', 'nonsense', 'silence'] as const)(
  'accepts the keys that it knows while the provider answers with %s, and answers 503 to others',
  async (answer) => {
    const known = await provider.token()
    const alsoKnown = await provider.token()
    expect(await statusOf(known)).toBe(200)
    await provider.publish('second', [['second', 'EdDSA']])
    await provider.answer(answer)
    const unknown = await provider.token()
    expect([await statusOf(known), await statusOf(alsoKnown), await statusOf(unknown)]).toEqual([
      200, 200, 503,
    ])
    const { status, errors } = await gateway.gql('{ webhookEndpoints { totalCount } }', {}, unknown)
    expect([status, errors?.[0]?.extensions?.code]).toEqual([503, 'SERVICE_UNAVAILABLE'])
    await provider.answer('keys')
    expect(await statusOf(unknown)).toBe(200)
    const lines = gateway.output().match(/keys of the identity provider cannot be read/g)
    expect(lines).toHaveLength(1)
    expect(gateway.output()).not.toContain(unknown)
  },
)

it('gets over a restart of the provider, which has new keys then', async () => {
  const known = await provider.token()
  expect(await statusOf(known)).toBe(200)
  await provider.child.end()
  expect(await statusOf(known)).toBe(200)
  provider = await startProvider(Number(new URL(provider.url).port))
  await provider.publish('after', [['after', 'ES256']])
  expect(await statusOf(await provider.token())).toBe(200)
})

it('starts while the provider is down', async () => {
  await gateway.stop()
  const token = await provider.token()
  await provider.answer('error')
  gateway = await startGateway(provider)
  expect(await statusOf(token)).toBe(503)
  await provider.answer('keys')
  expect(await statusOf(token)).toBe(200)
})

it('does not turn a flood of unknown keys on the provider', async () => {
  const token = await provider.token()
  expect(await statusOf(token)).toBe(200)
  const [, payload, signature] = token.split('.')
  const forged = Array.from({ length: 200 }, (_, nth) => {
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: `unknown ${nth}` })).toString('base64url')
    return [header, payload, signature].join('.')
  })
  const before = await provider.fetches()
  const statuses = await Promise.all(forged.map(statusOf))
  expect(new Set(statuses)).toEqual(new Set([401]))
  expect((await provider.fetches()) - before).toBeLessThan(10)
  expect(await statusOf(token)).toBe(200)
})
