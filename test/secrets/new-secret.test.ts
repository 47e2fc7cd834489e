import { generateSecret } from '../../src/secrets/new-secret'

describe('a new signing secret', () => {
  it('has the form that Standard Webhooks requires: whsec_ and 32 bytes in base64', () => {
    const secret = generateSecret()
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32)
  })

  it('is never made twice', () => {
    const secrets = Array.from({ length: 1_000 }, generateSecret)
    expect(new Set(secrets).size).toBe(1_000)
  })
})
