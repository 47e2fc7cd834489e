import { parsePasswordHash, verifyPassword } from '../../src/secrets/password-hash'

const SALT = 'c2FsdCBvZiAxNiBieXRlcw'
const SCRYPT = `$scrypt$ln=15,r=8,p=1$${SALT}$JYRmF+zTnegNnioF/L+rccN9JBh5O+xy4vMonaXPnQo`
const ARGON2 = `$argon2id$v=19$m=128,t=2,p=4$${SALT}$yH2wWUZJS32mACtwMaSuARWwypHNiofIpcNAddwefEg`

/** Made by other programs: Python's hashlib, argon2-cffi, RFC 7914 and the tests of the argon2 reference implementation. */
const HASHES: [string, string, string][] = [
  ['scrypt', 'correct horse', SCRYPT],
  [
    'scrypt of another size, another password',
    'пароль 🔑',
    `$scrypt$ln=10,r=8,p=2$${SALT}$3qFDdO2zZB8T1vX3/5fLTJOC9FNDpDN/lzJjpV6SXUAOnJRMzEFT0807Q7LGGRdgfK5bfkqFOp4p02NGLOQpJQ`,
  ],
  [
    'scrypt of RFC 7914',
    'pleaseletmein',
    '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw',
  ],
  ['argon2id', 'correct horse', ARGON2],
  [
    'argon2id of the reference',
    'password',
    '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
  ],
  [
    'argon2id with common parameters',
    'correct horse',
    `$argon2id$v=19$m=65536,t=2,p=4$${SALT}$msuuXZy0WfFYVF+xuJ+eHF15C8fwunHIMixRgf/hE0s`,
  ],
  [
    'argon2id of another size, another password',
    'пароль 🔑',
    `$argon2id$v=19$m=64,t=1,p=1$${SALT}$9IGuHiNzueY8McfptM1hRbM04lQLWUP0+hQNXSHl80bl4plzBMpR4rbHfBKAex7zyRvXwz52PPlJyET1lyitNA`,
  ],
  [
    'argon2i',
    'correct horse',
    `$argon2i$v=19$m=128,t=2,p=4$${SALT}$5FviFMOZgu5i9FfvNlTOjwQw1inj4qCNL1bajTaCSnY`,
  ],
  [
    'argon2d',
    'correct horse',
    `$argon2d$v=19$m=128,t=2,p=4$${SALT}$wSbfmIzwjtLy7TjGOhqS1jt6BtJkzQudJChu1yiP2gw`,
  ],
]

describe('a password', () => {
  it.each(HASHES)('is verified by %s', async (_kind, password, hash) => {
    expect(await verifyPassword(hash, password)).toBe(true)
    expect(await verifyPassword(hash, `${password} `)).toBe(false)
    expect(await verifyPassword(hash, password.toUpperCase())).toBe(false)
    expect(await verifyPassword(hash, '')).toBe(false)
  })

  it.each([SCRYPT, ARGON2])('is verified by base64 with padding as well: %s', async (hash) => {
    const padded = hash.replace(SALT, `${SALT}==`).concat('=')
    expect(await verifyPassword(padded, 'correct horse')).toBe(true)
    expect(await verifyPassword(padded, 'wrong')).toBe(false)
  })

  it.each([SCRYPT, ARGON2])('is wrong when the salt or a parameter is another: %s', async (hash) => {
    const others = [
      hash.replace(SALT, SALT.replace('c2', 'd2')),
      hash.replace('r=8', 'r=9').replace('t=2', 't=3'),
    ]
    for (const other of others) {
      expect(other).not.toBe(hash)
      expect(await verifyPassword(other, 'correct horse')).toBe(false)
    }
  })

  it('may be long', async () => {
    expect(await verifyPassword(SCRYPT, 'x'.repeat(100_000))).toBe(false)
    expect(await verifyPassword(ARGON2, 'x'.repeat(100_000))).toBe(false)
  })

  it('leaves the process free to do other things while it is verified', async () => {
    const [, , hash] = HASHES.find(([kind]) => kind === 'argon2id with common parameters') ?? []
    let last = performance.now()
    let longest = 0
    const watch = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 5)
    const started = performance.now()
    await verifyPassword(hash ?? '', 'correct horse')
    const took = performance.now() - started
    clearInterval(watch)
    expect(longest).toBeLessThan(took / 2)
  })
})

describe('a hash is refused', () => {
  it.each([
    ['nothing', ''],
    ['a password', 'correct horse'],
    ['bcrypt', '$2b$12$abcdefghijklmnopqrstuuM0d8bJ5nSbPV7pQXWcJ2i0b1F3C5D7e'],
    ['pbkdf2', `$pbkdf2-sha256$i=29000$${SALT}$JYRmF+zTnegNnioF/L+rccN9JBh5O+xy4vMonaXPnQo`],
    ['one without its dollar', SCRYPT.slice(1)],
    ['one with more behind it', `${SCRYPT}$`],
    ['one in two lines', `${SCRYPT}\n`],
    ['one with parameters in another order', SCRYPT.replace('ln=15,r=8', 'r=8,ln=15')],
    ['one without a salt', SCRYPT.replace(SALT, '')],
    ['one with a short salt', SCRYPT.replace(SALT, 'c2FsdA')],
    ['one without a hash, which would match all', SCRYPT.slice(0, SCRYPT.lastIndexOf('$') + 1)],
    ['one with a short hash', `${SCRYPT.slice(0, SCRYPT.lastIndexOf('$') + 1)}JYRm`],
    ['one with a huge hash', `${SCRYPT}${'A'.repeat(200)}`],
    ['one that is not base64', SCRYPT.replace(SALT, 'c2FsdCBv*iAxNiBieXRlcw')],
    ['scrypt with N of 1', SCRYPT.replace('ln=15', 'ln=0')],
    ['scrypt with r of 0', SCRYPT.replace('r=8', 'r=0')],
    ['scrypt that takes 16 GiB', SCRYPT.replace('ln=15', 'ln=24')],
    ['scrypt with N beyond all numbers', SCRYPT.replace('ln=15', 'ln=99')],
    ['argon2 of the first version', ARGON2.replace('v=19', 'v=16')],
    ['argon2 without a version', ARGON2.replace('$v=19', '')],
    ['argon2 with t of 0', ARGON2.replace('t=2', 't=0')],
    ['argon2 with p of 0', ARGON2.replace('p=4', 'p=0')],
    ['argon2 with less memory than its lanes need', ARGON2.replace('m=128', 'm=31')],
    ['argon2 that takes 4 GiB', ARGON2.replace('m=128', 'm=4194304')],
    ['argon2 with a short hash', `${ARGON2.slice(0, ARGON2.lastIndexOf('$') + 1)}yH2w`],
    ['argon2 of no known kind', ARGON2.replace('argon2id', 'argon2x')],
  ])('%s, and not repeated', async (_case, hash) => {
    expect(() => parsePasswordHash(hash)).toThrow(/^The password hash /)
    const secrets = [SALT, ...hash.split('$').slice(-1)].filter((part) => part.length > 8)
    for (const secret of secrets) expect(() => parsePasswordHash(hash)).not.toThrow(secret)
    await expect(verifyPassword(hash, 'correct horse')).rejects.toThrow(/^The password hash /)
    await expect(verifyPassword(hash, '')).rejects.toThrow(/^The password hash /)
  })
})
