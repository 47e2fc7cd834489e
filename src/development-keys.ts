import { randomBytes, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const keys: DevelopmentKeys = {
    jwtSecret: randomBytes(32).toString('base64url'),
    encryptionKey: randomBytes(32).toString('base64'),
  }
  const draft = `${path}.${randomUUID()}`
  writeFileSync(draft, JSON.stringify(keys, null, 2), { mode: 0o600 })
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return JSON.parse(readFileSync(path, 'utf8'))
}
