import { randomBytes } from 'node:crypto'
import { keyring } from '../../src/secrets/keyring'

const [oldKey, newKey, foreignKey] = [randomBytes(32), randomBytes(32), randomBytes(32)]
const SECRET = 'whsec_dGhlIHNlY3JldCBvZiB0aGUgdGVzdHMsIDMyIGJ5dGVz'
const CONTEXT = 'b0a2f3c8-5d1e-4b8e-9d06-1c4f3c1a2b3d'

const flipped = (bytes: Uint8Array, index: number) => {
  const changed = Uint8Array.from(bytes)
  changed[index] = (changed[index] ?? 0) ^ 1
  return changed
}

describe('a sealed text', () => {
  const ring = keyring([newKey])

  it.each(['', 'a', SECRET, 'ünïcode 🔑', 'x'.repeat(100_000), 'line\r\n\0end'])(
    'opens again: %.40j',
    (text) => {
      expect(ring.open(ring.seal(text, CONTEXT), CONTEXT)).toBe(text)
    },
  )

  it('opens from any bytes, such as those that a database driver returns', () => {
    expect(ring.open(new Uint8Array(ring.seal(SECRET, CONTEXT)), CONTEXT)).toBe(SECRET)
    expect(keyring([newKey]).open(ring.seal(SECRET, CONTEXT), CONTEXT)).toBe(SECRET)
  })

  it('differs each time and holds neither the text nor the key', () => {
    const [one, other] = [ring.seal(SECRET, CONTEXT), ring.seal(SECRET, CONTEXT)]
    expect(one.equals(other)).toBe(false)
    expect(one.includes(SECRET.slice(0, 8))).toBe(false)
    expect(one.includes(newKey.subarray(0, 8))).toBe(false)
  })

  it('has the layout that is documented: format, key id, nonce, tag, ciphertext', () => {
    const [one, other] = [ring.seal(SECRET, CONTEXT), ring.seal(SECRET, CONTEXT)]
    expect(one).toHaveLength(1 + 8 + 12 + 16 + SECRET.length)
    expect(one[0]).toBe(1)
    expect(one.subarray(0, 9)).toEqual(other.subarray(0, 9))
    expect(one.subarray(9, 21)).not.toEqual(other.subarray(9, 21))
  })

  it.each([
    ['format', 0, 1],
    ['key id', 1, 9],
    ['nonce', 9, 21],
    ['tag', 21, 37],
    ['ciphertext', 37, 37 + SECRET.length],
  ])('does not open when any byte of its %s was changed', (_region, from, to) => {
    const sealed = ring.seal(SECRET, CONTEXT)
    for (let index = from; index < to; index++) {
      expect(() => ring.open(flipped(sealed, index), CONTEXT)).toThrow()
    }
  })

  it.each(['', 'a', SECRET])('does not open when it was truncated or extended: %j', (text) => {
    const sealed = ring.seal(text, CONTEXT)
    for (let length = 0; length < sealed.length; length++) {
      expect(() => ring.open(sealed.subarray(0, length), CONTEXT)).toThrow()
    }
    expect(() => ring.open(Buffer.concat([sealed, Buffer.from([0])]), CONTEXT)).toThrow()
  })

  it.each(['', 'other', `${CONTEXT} `, CONTEXT.slice(1), CONTEXT.toUpperCase()])(
    'does not open in another context: %j',
    (context) => {
      expect(() => ring.open(ring.seal(SECRET, CONTEXT), context)).toThrow()
    },
  )

  it('never shows in an error', () => {
    const sealed = ring.seal(SECRET, CONTEXT)
    expect(() => ring.open(flipped(sealed, 40), CONTEXT)).not.toThrow(SECRET)
    expect(() => ring.open(flipped(sealed, 40), CONTEXT)).not.toThrow(newKey.toString('base64'))
  })
})

describe('a keyring of several keys', () => {
  const before = keyring([oldKey])
  const rotated = keyring([newKey, oldKey])

  it('opens what the old key sealed', () => {
    expect(rotated.open(before.seal(SECRET, CONTEXT), CONTEXT)).toBe(SECRET)
  })

  it('seals with the new key, so that the old one can go', () => {
    expect(keyring([newKey]).open(rotated.seal(SECRET, CONTEXT), CONTEXT)).toBe(SECRET)
    expect(() => before.open(rotated.seal(SECRET, CONTEXT), CONTEXT)).toThrow()
  })

  it('names the variable that lacks the key of a sealed text', () => {
    const sealed = keyring([foreignKey]).seal(SECRET, CONTEXT)
    expect(() => rotated.open(sealed, CONTEXT)).toThrow('HOOKGATE_ENCRYPTION_KEY')
  })

  it('needs at least one key', () => {
    expect(() => keyring([])).toThrow()
  })
})
