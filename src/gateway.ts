import { type Logger, pino } from 'pino'
import { callerIdentifier, signToken, type TokenKey } from './auth/bearer-token'
import type { Config } from './config'
import { openDatabase } from './database/database'
import { developmentKeys } from './development-keys'
import { Endpoints } from './endpoints/endpoints'
import { readEventCatalogue, saveEventCatalogue } from './endpoints/event-catalogue'
import { targetPolicy } from './endpoints/target-policy'
import { buildServer } from './http/server'
import { buildGuardedSchema } from './schema/build'
import type { Core } from './schema/context'
import { schemaExecutor } from './schema/execute'
import { keyring } from './secrets/keyring'

/** A running gateway. */
export interface Gateway {
  /** where it listens, such as http://127.0.0.1:4000 */
  url: string
  /** in development: an admin token to start with */
  developmentToken: string | undefined
  /** Stops accepting, finishes what is in flight (10 s at most), closes the database. */
  stop(): Promise<void>
}

/** Requests in flight get this long to finish when the gateway stops. */
const STOP_WITHIN_MS = 10_000
const READY_WITHIN_MS = 2_000
const DEVELOPMENT_TOKEN_TTL = '12h'

/**
 * Builds the parts in order and starts to listen.
 *
 * @throws Error in words for the operator; what was opened by then is closed again
 */
export async function startGateway(config: Config, log: Logger = logger(config)): Promise<Gateway> {
  const catalogue = readEventCatalogue(config.eventTypesFile)
  const key = tokenKey(config)
  const identifyCaller = await callerIdentifier(config.auth, key)
  const database = await openDatabase(config, log)
  try {
    await saveEventCatalogue(database.prisma, catalogue)
    const judgeTarget = targetPolicy(config.targets)
    const keys = keyring(encryptionKeys(config))
    const endpoints = new Endpoints(database.prisma, keys, { judgeTarget, catalogue })
    const core: Core = { endpoints, catalogue }
    const schema = buildGuardedSchema()
    const developmentToken = developmentTokenMaker(config, key)
    const app = await buildServer({
      schema,
      core,
      executor: schemaExecutor(schema, core),
      identifyCaller,
      checkReady: () => answersWithin(READY_WITHIN_MS, database.prisma.$queryRaw`SELECT 1`),
      developmentToken,
      production: config.production,
      log,
    })
    const url = await app.listen({ host: config.host, port: config.port })
    return {
      url,
      developmentToken: await developmentToken?.(),
      async stop() {
        const late = setTimeout(() => app.server.closeAllConnections(), STOP_WITHIN_MS)
        await app.close()
        clearTimeout(late)
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Applies what is pending and leaves the database closed. */
export async function migrateDatabase(config: Config): Promise<void> {
  const database = await openDatabase(config, logger(config))
  await database.close()
}

/**
 * A token signed with the shared secret.
 *
 * @throws Error where tokens come from an identity provider
 */
export async function issueToken(config: Config, role: 'admin' | 'publisher', subject: string, ttl: string) {
  const key = tokenKey(config)
  if (!('secret' in key)) throw new Error('Tokens come from your identity provider: only it can sign them.')
  return signToken(config.auth, key.secret, { role, subject, ttl })
}

const tokenKey = ({ auth, dataDir }: Config): TokenKey =>
  auth.key ?? { secret: developmentKeys(dataDir).jwtSecret }

const encryptionKeys = ({ encryptionKeys: keys, dataDir }: Config): Buffer[] =>
  keys ?? [Buffer.from(developmentKeys(dataDir).encryptionKey, 'base64')]

function developmentTokenMaker(config: Config, key: TokenKey): (() => Promise<string>) | undefined {
  if (config.production || !('secret' in key)) return undefined
  return () =>
    signToken(config.auth, key.secret, { role: 'admin', subject: 'developer', ttl: DEVELOPMENT_TOKEN_TTL })
}

async function answersWithin(milliseconds: number, answer: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  })
  await Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/** JSON lines; pretty on a terminal in development. */
function logger({ production, logLevel }: Config): Logger {
  const pretty = !production && process.stdout.isTTY
  return pino({
    level: logLevel,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    transport: pretty ? { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss.l' } } : undefined,
  })
}
