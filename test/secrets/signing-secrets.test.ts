import { randomBytes, randomUUID } from 'node:crypto'
import type { PrismaClient } from '../../src/generated/prisma/client'
import { keyring } from '../../src/secrets/keyring'
import { newSecretRow } from '../../src/secrets/new-secret'
import { SigningSecrets } from '../../src/secrets/signing-secrets'

const ring = keyring([randomBytes(32)])

/** Secrets without a database, and a count of decryptions. */
function secretsWithoutDatabase() {
  const open = jest.fn(ring.open)
  const secrets = new SigningSecrets({} as PrismaClient, { ...ring, open }, { revealPasswordHash: undefined })
  return { secrets, open }
}

const stored = () => {
  const { id, sealed } = newSecretRow(ring)
  return { id, sealed: Buffer.from(sealed).toString('base64') }
}

describe('a stored secret', () => {
  it('is decrypted, also from base64 in lines, as PostgreSQL prints it', () => {
    const { secrets } = secretsWithoutDatabase()
    const { id, sealed } = stored()
    const plain = secrets.decrypt(id, sealed)
    expect(plain).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(secrets.decrypt(id, sealed.replace(/.{76}/g, '$&\n'))).toBe(plain)
  })

  it('is decrypted once, however often it signs', () => {
    const { secrets, open } = secretsWithoutDatabase()
    const [one, other] = [stored(), stored()]
    const plain = secrets.decrypt(one.id, one.sealed)
    for (let nth = 0; nth < 100; nth++) {
      expect(secrets.decrypt(one.id, one.sealed)).toBe(plain)
      expect(secrets.decrypt(other.id, other.sealed)).not.toBe(plain)
    }
    expect(open).toHaveBeenCalledTimes(2)
  })

  it('is decrypted only under its own id, cached or not', () => {
    const { secrets } = secretsWithoutDatabase()
    const { id, sealed } = stored()
    const withOtherId = () => secrets.decrypt(randomUUID(), sealed)
    expect(withOtherId).toThrow()
    secrets.decrypt(id, sealed)
    expect(withOtherId).toThrow()
    expect(() => secrets.decrypt(id, sealed.replace(/.{4}$/, 'AAAA'))).toThrow()
  })

  it('leaves the cache when ten thousand others were used since', () => {
    const { secrets, open } = secretsWithoutDatabase()
    const [kept, lost] = [stored(), stored()]
    secrets.decrypt(kept.id, kept.sealed)
    secrets.decrypt(lost.id, lost.sealed)
    for (let nth = 0; nth < 9_999; nth++) {
      const { id, sealed } = stored()
      secrets.decrypt(id, sealed)
      if (nth % 5_000 === 0) secrets.decrypt(kept.id, kept.sealed)
    }
    const decrypted = open.mock.calls.length
    secrets.decrypt(kept.id, kept.sealed)
    expect(open).toHaveBeenCalledTimes(decrypted)
    secrets.decrypt(lost.id, lost.sealed)
    expect(open).toHaveBeenCalledTimes(decrypted + 1)
  })
})

it('a malformed password hash is an error before the first reveal', () => {
  const build = () => new SigningSecrets({} as PrismaClient, ring, { revealPasswordHash: '$scrypt$secret' })
  expect(build).toThrow('The password hash must read')
  expect(build).not.toThrow('secret$')
})
