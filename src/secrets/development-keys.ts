import { randomBytes, randomUUID } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePrivateFolder, reasonOf, unusableFolder } from '../private-folder'

/** The keys that a gateway makes for itself in development. */
export interface DevelopmentKeys {
  jwtSecret: string
  /** 32 bytes, base64 */
  encryptionKey: string
}

/**
 * Reads the keys in the data folder. The first call makes them, readable by the owner of the process only.
 *
 * Two processes may call this at the same time (`npm start` and `npm run token`): a link appears whole or not at all, so
 * both read the same keys.
 *
 * @throws Error with a message for the operator when the file is damaged or the folder cannot be used
 */
export function developmentKeys(dataDir: string): DevelopmentKeys {
  const path = join(dataDir, 'development-keys.json')
  return readKeys(path) ?? makeKeys(dataDir, path)
}

/** The keys that seal signing secrets, 32 bytes each, newest first: the configured ones, else the development key. */
export const encryptionKeys = (config: { encryptionKeys: Buffer[] | undefined; dataDir: string }): Buffer[] =>
  config.encryptionKeys ?? [Buffer.from(developmentKeys(config.dataDir).encryptionKey, 'base64')]

function makeKeys(dataDir: string, path: string): DevelopmentKeys {
  makePrivateFolder(dataDir)
  const keys: DevelopmentKeys = {
    jwtSecret: randomBytes(32).toString('base64url'),
    encryptionKey: randomBytes(32).toString('base64'),
  }
  const draft = `${path}.${randomUUID()}`
  try {
    writeFileSync(draft, JSON.stringify(keys, null, 2), { mode: 0o600 })
    linkSync(draft, path)
    return keys
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusableFolder(dataDir, error)
    // Another process was faster: use its keys.
    return readKeys(path) ?? makeKeys(dataDir, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * @returns undefined when the file does not exist
 * @throws Error that names the file and repeats none of its content
 */
function readKeys(path: string): DevelopmentKeys | undefined {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(
      `The keys in ${path} cannot be read (${reasonOf(error)}): let the user of this process read the file.`,
      { cause: error },
    )
  }
  const keys = parse(content)
  const isWhole =
    typeof keys?.jwtSecret === 'string' &&
    keys.jwtSecret.length >= 32 &&
    typeof keys.encryptionKey === 'string' &&
    Buffer.from(keys.encryptionKey, 'base64').length === 32
  if (!isWhole)
    throw new Error(`The keys in ${path} are damaged. Restore the file, or remove it to start with new keys.`)
  return keys
}

function parse(content: string): DevelopmentKeys | undefined {
  try {
    return JSON.parse(content) ?? undefined
  } catch {
    return undefined
  }
}
