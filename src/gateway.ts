import { type Logger, pino } from 'pino'
import { callerIdentifier, signToken, type TokenKey } from './auth/bearer-token'
import type { Role } from './auth/viewer'
import type { Config } from './config'
import { openDatabase } from './database/database'
import { Attempts } from './delivery/log/attempts'
import { releaseAbandonedLeases } from './delivery/queue/leases'
import { resendEvents } from './delivery/resend'
import { createSender } from './delivery/sending/sender'
import { sendTestEvent } from './delivery/test-send'
import { startWorker } from './delivery/worker'
import { Endpoints } from './endpoints/endpoints'
import { readEventCatalogue, saveEventCatalogue } from './endpoints/event-types/event-catalogue'
import { addressPolicy } from './endpoints/targets/address-policy'
import { targetPolicy } from './endpoints/targets/target-policy'
import { Events } from './events/events'
import type { Core } from './schema/context'
import { developmentKeys } from './secrets/development-keys'
import { keyring } from './secrets/keyring'
import { SigningSecrets } from './secrets/signing-secrets'
import { version } from './version'

/** A running gateway. */
export interface Gateway {
  /** where it listens, such as http://127.0.0.1:4000 */
  url: string
  /** in development: an admin token to start with */
  developmentToken: string | undefined
  /** false = it only delivers, and has no door but its health */
  servesApi: boolean
  /** Resolves, in words for the operator, when it cannot go on: its embedded database has crashed. */
  crashed: Promise<Error>
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
  // The doors are the most there is to load: that is done while the database opens.
  const [database, doors] = await Promise.all([openDatabase(config, log), loadDoors()])
  try {
    const saving = saveEventCatalogue(database.prisma, catalogue)
    // It is waited for below, with the doors.
    saving.catch(() => undefined)
    const { prisma, query, notifications } = database
    const { delivery } = config
    const keys = keyring(encryptionKeys(config))
    const secrets = new SigningSecrets(prisma, keys, { revealPasswordHash: config.revealPasswordHash })
    const sender = createSender({
      isAddressAllowed: addressPolicy(config.targets.allowedNetworks),
      timeoutMs: delivery.sendTimeoutMs,
      allowHttp: config.targets.allowHttp,
      userAgent: `Hookgate/${version}`,
      connectionsPerOrigin: delivery.concurrency,
    })
    const attemptParts = { sender, openSecret: secrets.open.bind(secrets), config: delivery }
    const core: Core = {
      endpoints: new Endpoints(
        prisma,
        query,
        keys,
        { validateTarget: targetPolicy(config.targets), catalogue },
        notifications.notifyWorkers,
      ),
      catalogue,
      events: new Events(prisma, catalogue, notifications.notifyWorkers),
      attempts: new Attempts(prisma),
      secrets,
      async resendEvents(endpointId, eventIds) {
        const queued = await resendEvents(prisma, endpointId, eventIds)
        notifications.notifyWorkers()
        return queued
      },
      sendTestEvent: (endpointId, type) =>
        sendTestEvent({ ...attemptParts, prisma, query, catalogue }, endpointId, type),
    }
    const developmentToken = developmentTokenMaker(config, key)
    const { schema } = doors
    const [app] = await Promise.all([
      doors.buildServer({
        schema,
        core,
        executor: doors.schemaExecutor(schema, core),
        identifyCaller: await callerIdentifier(config.auth, key, log),
        checkReady: () => answersWithin(READY_WITHIN_MS, database.prisma.$queryRaw`SELECT 1`),
        developmentToken,
        production: config.production,
        servesApi: config.roles.includes('api'),
        log,
      }),
      saving,
    ])
    const url = await app.listen({ host: config.host, port: config.port })
    // Not before: a process whose port is taken must not have begun to deliver. On the embedded database no other can be
    // at work: what is leased was left by one that died.
    if (config.databaseUrl === undefined) await releaseAbandonedLeases(prisma)
    const worker = config.roles.includes('worker')
      ? startWorker({ ...attemptParts, database, config: delivery, log }, notifications)
      : undefined
    return {
      url,
      developmentToken: await developmentToken?.(),
      servesApi: config.roles.includes('api'),
      crashed: database.crashed,
      async stop() {
        const late = setTimeout(() => app.server.closeAllConnections(), STOP_WITHIN_MS)
        await Promise.all([app.close(), worker?.stop(STOP_WITHIN_MS)])
        clearTimeout(late)
        await sender.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

async function loadDoors() {
  const [{ buildServer }, { buildGuardedSchema }, { schemaExecutor }] = await Promise.all([
    import('./http/server.js'),
    import('./schema/build.js'),
    import('./schema/execute.js'),
  ])
  return { schema: buildGuardedSchema(), schemaExecutor, buildServer }
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
export async function issueToken(config: Config, role: Role, subject: string, ttl: string) {
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
