import { type Config, readConfig } from '../../src/config'
import { type Database, openDatabase } from '../../src/database/database'
import { Dispatcher } from '../../src/delivery/queue/dispatcher'
import { createSender } from '../../src/delivery/sending/sender'
import { Endpoints } from '../../src/endpoints/endpoints'
import { readEventCatalogue, saveEventCatalogue } from '../../src/endpoints/event-types/event-catalogue'
import { addressPolicy } from '../../src/endpoints/targets/address-policy'
import { targetPolicy } from '../../src/endpoints/targets/target-policy'
import { Events } from '../../src/events/events'
import { prune } from '../../src/retention/prune'
import { developmentKeys } from '../../src/secrets/development-keys'
import { keyring } from '../../src/secrets/keyring'
import { SigningSecrets } from '../../src/secrets/signing-secrets'
import { type Environment, serveCommands } from './commands'
import { warningLog } from './warning-log'

/** The core of a gateway on an open database. */
export interface OpenCore {
  config: Config
  database: Database
  endpoints: Endpoints
  events: Events
  secrets: SigningSecrets
  /** what was logged as a warning or an error */
  warnings: string[]
  /** Starts to deliver, by a clock that the test holds. */
  startDispatcher(clock: () => number): Dispatcher
  close(): Promise<void>
}

export async function openCore(env: Environment): Promise<OpenCore> {
  const config = readConfig(env)
  const warnings: string[] = []
  const log = warningLog(warnings)
  const database = await openDatabase(config, log)
  const { prisma, query, notifications } = database
  const catalogue = readEventCatalogue(undefined)
  await saveEventCatalogue(prisma, catalogue)
  const keys = keyring(
    config.encryptionKeys ?? [Buffer.from(developmentKeys(config.dataDir).encryptionKey, 'base64')],
  )
  const secrets = new SigningSecrets(prisma, keys, { revealPasswordHash: config.revealPasswordHash })
  const sender = createSender({
    isAddressAllowed: addressPolicy(config.targets.allowedNetworks),
    timeoutMs: config.delivery.sendTimeoutMs,
    allowHttp: config.targets.allowHttp,
    userAgent: 'Hookgate/test',
    connectionsPerOrigin: config.delivery.concurrency,
  })
  const rules = { validateTarget: targetPolicy(config.targets), catalogue }
  return {
    config,
    database,
    endpoints: new Endpoints(prisma, query, keys, rules, notifications.notifyWorkers),
    events: new Events(prisma, catalogue, notifications.notifyWorkers),
    secrets,
    warnings,
    startDispatcher(clock) {
      const parts = { sender, openSecret: secrets.open.bind(secrets), config: config.delivery }
      const clockOffsetMs = () => clock() - Date.now()
      const dispatcher = new Dispatcher({ ...parts, database, log, clockOffsetMs })
      notifications.onNotification(() => dispatcher.wake())
      dispatcher.start()
      return dispatcher
    },
    async close() {
      await sender.close()
      await database.close()
    },
  }
}

export type CoreCommands = ReturnType<typeof coreCommands>

/** Commands for a core whose clock a test holds. */
export function coreCommands({ database, config, ...core }: OpenCore) {
  const { prisma, notifications } = database
  let clock = () => Date.now()
  let dispatcher: Dispatcher | undefined
  return {
    sql: (statement: string, ...values: unknown[]) => prisma.$queryRawUnsafe<unknown[]>(statement, ...values),
    /** Removes one batch, by the retention time of the configuration. */
    prune: () =>
      prune(prisma, config.delivery.retentionDays, (error) => {
        throw error
      }),
    /** Publishes events by the SQL function that the API calls, in one statement, and returns their ids. */
    async publishMany(count: number, type: string) {
      const rows = await prisma.$queryRaw<{ id: number }[]>`
        SELECT (publish_event(${type}, json_build_object('nth', nth)::text, NULL, '')->>'eventId')::integer AS id
        FROM generate_series(1, ${count}::integer) AS nth`
      return rows.map(({ id }) => id)
    },
    publish: async (type: string) => (await core.events.publish({ type, data: {} })).id,
    async createEndpoint(target: string, types: string[]) {
      const events = types.map((type) => ({ type }))
      const input = { target, events, isActive: true, description: '', sslCertVerification: true }
      return (await core.endpoints.create(input)).id
    },
    deleteEndpoint: async (id: number) => {
      await core.endpoints.delete(String(id))
    },
    /** What was logged as a warning or an error since the last call. */
    warnings: () => core.warnings.splice(0),
    start() {
      dispatcher = core.startDispatcher(() => clock())
    },
    /** From now on the dispatcher's clock shows this instant: milliseconds since 1970. */
    holdClock(at: number) {
      clock = () => at
      notifications.notifyWorkers()
    },
    /** From now on the dispatcher's clock runs this far from the real one. */
    moveClock(byMs: number) {
      clock = () => Date.now() + byMs
      notifications.notifyWorkers()
    },
    async close() {
      await dispatcher?.stop(0)
      await core.close()
    },
  }
}

if (require.main === module) serveCommands(async (env: Environment) => coreCommands(await openCore(env)))
