import { scrypt, timingSafeEqual } from 'node:crypto'
import { Worker } from 'node:worker_threads'

/** The parts of a password hash. */
export interface PasswordHash {
  hash: Buffer
  /** Hashes another password with the same salt and parameters. */
  derive(password: Buffer): Promise<Uint8Array>
}

const BASE64 = '([A-Za-z0-9+/]+)={0,2}'
const SCRYPT = new RegExp(`^\\$scrypt\\$ln=(\\d{1,2}),r=(\\d{1,4}),p=(\\d{1,4})\\$${BASE64}\\$${BASE64}$`)
const ARGON2 = new RegExp(
  `^\\$(argon2id|argon2i|argon2d)\\$v=19\\$m=(\\d{1,8}),t=(\\d{1,4}),p=(\\d{1,4})\\$${BASE64}\\$${BASE64}$`,
)

/** Both algorithms require at least this salt size. */
const SALT_BYTES_MIN = 8
/** An empty hash would match every password, a short one many passwords. */
const HASH_BYTES_MIN = 16
const HASH_BYTES_MAX = 128
/** Memory for hashing one password, in GiB. A hash that needs more is a mistake, which is reported at start. */
const MEMORY_MAX_GIB = 1

/**
 * Checks whether a hash was made from this password. The time does not depend on where the two hashes differ. An empty
 * password never matches.
 *
 * @param hash in the format of `parsePasswordHash`
 * @throws Error when the hash is malformed; the message does not repeat it
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
 * @throws Error when the text is no such hash, or needs more than `MEMORY_MAX_GIB` to verify; the message does not repeat it
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
  // OpenSSL's formula with a small margin. Node's default limit of 32 MiB is too small for ln=15, r=8.
  const memory = 128 * blockSize * (cost + parallelization + 4)
  throwUnless(cost > 1 && blockSize > 0 && parallelization > 0, 'has an ln, r or p of 0')
  throwUnlessSmall(memory)
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
  throwUnless(iterations > 0 && parallelism > 0, 'has a t or p of 0')
  throwUnless(memorySize >= 8 * parallelism, 'has less memory (m) than 8 times its lanes (p)')
  throwUnlessSmall(memorySize * 1024)
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
  throwUnless(bytes.salt.length >= SALT_BYTES_MIN, `has a salt of less than ${SALT_BYTES_MIN} bytes`)
  throwUnless(
    bytes.hash.length >= HASH_BYTES_MIN && bytes.hash.length <= HASH_BYTES_MAX,
    `has a hash of less than ${HASH_BYTES_MIN} or more than ${HASH_BYTES_MAX} bytes`,
  )
  return bytes
}

/** @param memory bytes that one verification takes */
function throwUnlessSmall(memory: number): void {
  throwUnless(memory <= MEMORY_MAX_GIB * 2 ** 30, `takes more than ${MEMORY_MAX_GIB} GiB to verify`)
}

function throwUnless(holds: boolean, fault: string): void {
  if (!holds) throw new Error(`The password hash ${fault}.`)
}

/** hash-wasm computes an argon2 hash without a pause, for up to seconds, so a thread of its own does. */
const THREAD = `
  const { parentPort, workerData: { library, algorithm, options } } = require('node:worker_threads')
  require(library)[algorithm](options).then((hash) => parentPort.postMessage(hash))
`

/** @param hashing a function of hash-wasm and its options */
async function inThread(hashing: { algorithm: string | undefined; options: object }): Promise<Uint8Array> {
  // A thread that runs a text resolves packages from the working directory, so pass the path of the library.
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
