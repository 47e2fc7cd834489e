import { scrypt, timingSafeEqual } from 'node:crypto'
import { Worker } from 'node:worker_threads'

/** A password hash taken apart. */
export interface PasswordHash {
  hash: Buffer
  /** The same hash, made of another password. */
  derive(password: Buffer): Promise<Uint8Array>
}

const BASE64 = '([A-Za-z0-9+/]+)={0,2}'
const SCRYPT = new RegExp(`^\\$scrypt\\$ln=(\\d{1,2}),r=(\\d{1,4}),p=(\\d{1,4})\\$${BASE64}\\$${BASE64}$`)
const ARGON2 = new RegExp(
  `^\\$(argon2id|argon2i|argon2d)\\$v=19\\$m=(\\d{1,8}),t=(\\d{1,4}),p=(\\d{1,4})\\$${BASE64}\\$${BASE64}$`,
)

/** Both algorithms ask for salts of this size at least. */
const SALT_BYTES_MIN = 8
/** An empty hash would match every password, a short one many. */
const HASH_BYTES_MIN = 16
const HASH_BYTES_MAX = 128
/** What hashing one password may take: more is a slip of the operator's, found at start rather than at a reveal. */
const MEMORY_MAX = 2 ** 30

/**
 * Tells whether a password is the one that the hash was made of, in a time that does not depend on where they differ.
 * An empty password never is.
 *
 * @param hash as `parsePasswordHash` takes it
 * @throws Error when the hash is malformed; it is not repeated
 */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  const stored = parsePasswordHash(hash)
  if (password === '') return false
  return timingSafeEqual(await stored.derive(Buffer.from(password)), stored.hash)
}

/**
 * Reads a hash in the PHC string format (https://github.com/P-H-C/phc-string-format):
 * `$scrypt$ln=15,r=8,p=1$<salt>$<hash>` or `$argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>` (argon2i and argon2d too),
 * salt and hash in base64, with or without padding.
 *
 * @throws Error when it is none, or one that takes more than 1 GiB to verify; it is not repeated
 */
export function parsePasswordHash(text: string): PasswordHash {
  const [, ...scryptParts] = SCRYPT.exec(text) ?? []
  if (scryptParts.length > 0) return scryptHash(scryptParts)
  const [, ...argon2Parts] = ARGON2.exec(text) ?? []
  if (argon2Parts.length > 0) return argon2Hash(argon2Parts)
  throw new Error(
    'The password hash must read $scrypt$ln=15,r=8,p=1$<salt>$<hash> or $argon2id$v=19$m=65536,t=3,p=4$<salt>$<hash>, ' +
      'salt and hash in base64.',
  )
}

function scryptHash([ln, r, p, salt = '', hash = '']: string[]): PasswordHash {
  const [cost, blockSize, parallelization] = [2 ** Number(ln), Number(r), Number(p)]
  // OpenSSL's own sum, with a little to spare; Node's default of 32 MiB is less than ln=15, r=8 takes.
  const memory = 128 * blockSize * (cost + parallelization + 4)
  refuseUnless(cost > 1 && blockSize > 0 && parallelization > 0, 'asks for ln, r or p of 0')
  refuseUnless(memory <= MEMORY_MAX, 'takes more than 1 GiB to verify')
  const stored = bytesOf(salt, hash)
  const options = { cost, blockSize, parallelization, maxmem: memory }
  return {
    hash: stored.hash,
    derive: (password) =>
      new Promise((resolve, reject) => {
        scrypt(password, stored.salt, stored.hash.length, options, (error, derived) =>
          error ? reject(error) : resolve(derived),
        )
      }),
  }
}

function argon2Hash([algorithm, m, t, p, salt = '', hash = '']: string[]): PasswordHash {
  const [memorySize, iterations, parallelism] = [Number(m), Number(t), Number(p)]
  refuseUnless(iterations > 0 && parallelism > 0, 'asks for t or p of 0')
  refuseUnless(memorySize >= 8 * parallelism, 'asks for less memory (m) than 8 times its lanes (p)')
  refuseUnless(memorySize * 1024 <= MEMORY_MAX, 'takes more than 1 GiB to verify')
  const stored = bytesOf(salt, hash)
  const options = {
    salt: stored.salt,
    memorySize,
    iterations,
    parallelism,
    hashLength: stored.hash.length,
    outputType: 'binary',
  }
  return {
    hash: stored.hash,
    derive: (password) => inThread({ algorithm, options: { ...options, password } }),
  }
}

function bytesOf(salt: string, hash: string): { salt: Buffer; hash: Buffer } {
  const bytes = { salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') }
  refuseUnless(bytes.salt.length >= SALT_BYTES_MIN, `has a salt of less than ${SALT_BYTES_MIN} bytes`)
  refuseUnless(
    bytes.hash.length >= HASH_BYTES_MIN && bytes.hash.length <= HASH_BYTES_MAX,
    `has a hash of less than ${HASH_BYTES_MIN} or more than ${HASH_BYTES_MAX} bytes`,
  )
  return bytes
}

function refuseUnless(holds: boolean, fault: string): void {
  if (!holds) throw new Error(`The password hash ${fault}.`)
}

/** hash-wasm computes an argon2 hash in one go, up to seconds long: in the main thread all else would stand still. */
const THREAD = `
  const { parentPort, workerData: { library, algorithm, options } } = require('node:worker_threads')
  require(library)[algorithm](options).then((hash) => parentPort.postMessage(hash))
`

/** @param hashing which of hash-wasm's functions, and what it is called with */
async function inThread(hashing: { algorithm: string | undefined; options: object }): Promise<Uint8Array> {
  // A thread made of a text resolves names by the working directory: it is told the library's file instead.
  const workerData = { library: require.resolve('hash-wasm'), ...hashing }
  const thread = new Worker(THREAD, { eval: true, workerData, env: {} })
  return new Promise((resolve, reject) => {
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', () =>
      reject(new Error('The thread that verifies a password ended without an answer.')),
    )
  })
}
