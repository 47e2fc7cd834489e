import { randomBytes, randomUUID } from 'node:crypto'
import { keyring } from '../../src/secrets/keyring'
import { newSecretRow } from '../../src/secrets/new-secret'
import { SigningKeyCache, type SigningKeys } from '../../src/secrets/signing-keys'

const ring = keyring([randomBytes(32)])

/** A cache, and a count of its decryptions. */
function cacheOfKeys() {
  const open = jest.fn(ring.open)
  return { cache: new SigningKeyCache({ ...ring, open }), open }
}

const stored = () => {
  const { id, sealed } = newSecretRow(ring)
  return { id, sealed: Buffer.from(sealed).toString('base64') }
}

const textOf = ({ text }: SigningKeys) => text.export().toString()

describe('a stored secret', () => {
  it('is decrypted, also from base64 in lines, as PostgreSQL prints it', () => {
    const { cache } = cacheOfKeys()
    const { id, sealed } = stored()
    const plain = textOf(cache.keysOf(id, sealed))
    expect(plain).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(textOf(cache.keysOf(id, sealed.replace(/.{76}/g, '$&\n')))).toBe(plain)
  })

  it('signs by its whole text, and by the bytes that its text encodes', () => {
    const { id, sealed } = stored()
    const { text, bytes } = cacheOfKeys().cache.keysOf(id, sealed)
    expect(`whsec_${bytes.export().toString('base64')}`).toBe(text.export().toString())
  })

  it('is decrypted once, however often it signs', () => {
    const { cache, open } = cacheOfKeys()
    const [one, other] = [stored(), stored()]
    const keys = cache.keysOf(one.id, one.sealed)
    for (let nth = 0; nth < 100; nth++) {
      expect(cache.keysOf(one.id, one.sealed)).toBe(keys)
      expect(cache.keysOf(other.id, other.sealed)).not.toBe(keys)
    }
    expect(open).toHaveBeenCalledTimes(2)
  })

  it('is decrypted only under its own id, cached or not', () => {
    const { cache } = cacheOfKeys()
    const { id, sealed } = stored()
    const withOtherId = () => cache.keysOf(randomUUID(), sealed)
    expect(withOtherId).toThrow()
    cache.keysOf(id, sealed)
    expect(withOtherId).toThrow()
    expect(() => cache.keysOf(id, sealed.replace(/.{4}$/, 'AAAA'))).toThrow()
  })

  it('leaves the cache when ten thousand others were used since', () => {
    const { cache, open } = cacheOfKeys()
    const [kept, lost] = [stored(), stored()]
    cache.keysOf(kept.id, kept.sealed)
    cache.keysOf(lost.id, lost.sealed)
    for (let nth = 0; nth < 9_999; nth++) {
      const { id, sealed } = stored()
      cache.keysOf(id, sealed)
      if (nth % 4_000 === 0) cache.keysOf(kept.id, kept.sealed)
    }
    const decrypted = open.mock.calls.length
    cache.keysOf(kept.id, kept.sealed)
    expect(open).toHaveBeenCalledTimes(decrypted)
    cache.keysOf(lost.id, lost.sealed)
    expect(open).toHaveBeenCalledTimes(decrypted + 1)
  })
})
