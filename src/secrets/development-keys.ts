import { randomBytes, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config'

/** The keys that a gateway in development makes for itself. */
export interface DevelopmentKeys {
  jwtSecret: string
  /** 32 bytes, base64 */
  encryptionKey: string
}

/**
 * Reads the keys of the data folder, made on first use and readable by the owner alone. Safe for two processes at
 * once (`npm start` and `npm run token`): a link appears whole or not at all, so both end up with the same keys.
 */
export function developmentKeys(dataDir: string): DevelopmentKeys {
  const path = join(dataDir, 'development-keys.json')
  return readKeys(path) ?? makeKeys(dataDir, path)
}

/** The keys that seal signing secrets, 32 bytes each, newest first: the configured ones, else the development key. */
export const encryptionKeys = ({
  encryptionKeys: keys,
  dataDir,
}: Pick<Config, 'encryptionKeys' | 'dataDir'>) =>
  keys ?? [Buffer.from(developmentKeys(dataDir).encryptionKey, 'base64')]

function makeKeys(dataDir: string, path: string): DevelopmentKeys {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const keys: DevelopmentKeys = {
    jwtSecret: randomBytes(32).toString('base64url'),
    encryptionKey: randomBytes(32).toString('base64'),
  }
  const draft = `${path}.${randomUUID()}`
  writeFileSync(draft, JSON.stringify(keys, null, 2), { mode: 0o600 })
  try {
    linkSync(draft, path)
    return keys
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // Another process was quicker: its keys count.
    return readKeys(path) ?? makeKeys(dataDir, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * Undefined when there is no such file.
 *
 * @throws Error that names the file, and says nothing of what is in it
 */
function readKeys(path: string): DevelopmentKeys | undefined {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
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
