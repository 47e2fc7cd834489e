import { callerIdentifier } from '../../src/auth/bearer-token'
import { developmentSignIn } from '../../src/auth/development-sign-in'

const SECRET = 'a secret of the tests, longer than 32 bytes'
const config = {
  production: false,
  dataDir: '/nowhere',
  auth: { key: { secret: SECRET }, issuer: undefined, audience: undefined, roleClaim: 'role' },
}
const log = { info: jest.fn(), warn: jest.fn(), error: jest.fn() }

function signIn() {
  const made = developmentSignIn(config)
  if (!made) throw new Error('no sign-in')
  return made
}

it('exchanges its code for an admin token, as often as one likes', async () => {
  const { code, exchange } = signIn()
  const identify = await callerIdentifier(config.auth, { secret: SECRET }, log)
  for (let time = 0; time < 3; time += 1) {
    const { identity } = await identify(`Bearer ${await exchange(code)}`)
    expect(identity).toEqual({ subject: 'developer', roles: ['admin'] })
  }
})

it('has another code at each start, of characters that need no escape in an address', () => {
  const codes = Array.from({ length: 50 }, () => signIn().code)
  expect(new Set(codes).size).toBe(50)
  for (const code of codes) expect(code).toMatch(/^[\w-]{32}$/)
})

it('gives nothing for another code', async () => {
  const { code, exchange } = signIn()
  for (const wrong of ['', 'x', code.slice(1), `${code}x`, code.toUpperCase(), ` ${code}`, signIn().code]) {
    expect(await exchange(wrong)).toBeUndefined()
  }
})

it('does not exist in production, or when an identity provider signs the tokens', () => {
  expect(developmentSignIn({ ...config, production: true })).toBeUndefined()
  const auth = { ...config.auth, key: { jwksUrl: 'https://id.example/jwks' } }
  expect(developmentSignIn({ ...config, auth })).toBeUndefined()
})
