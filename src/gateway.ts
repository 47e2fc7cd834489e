import type { Logger } from 'pino'
import { callerIdentifier } from './auth/bearer-token'
import { developmentTokens, tokenKey } from './auth/issue-token'
import type { Config } from './config/config'
import { createCore } from './core'
import { openDatabase } from './database/open-database'
import { startDelivery } from './delivery/start-delivery'
import { createLog } from './log'
import { startRetention } from './retention/start-retention'

/** A running gateway. */
export interface Gateway {
  /** where it listens, such as http://127.0.0.1:4000 */
  url: string
  /** in development: an admin token to start with */
  developmentToken: string | undefined
  /** false = this process only delivers, and serves nothing but its health */
  servesApi: boolean
  /** Resolves with a message for the operator when the embedded database has crashed. */
  crashed: Promise<Error>
  /** Stops accepting, lets requests and sends in flight finish for 10 s at most, then closes everything. */
  stop(): Promise<void>
}

/** Requests in flight get this long to finish when the gateway stops. */
const STOP_WITHIN_MS = 10_000
const READY_WITHIN_MS = 2_000

/**
 * Builds the parts in order and starts to listen.
 *
 * @throws Error with a message for the operator; every part that was opened by then is closed again, in reverse order
 */
export async function startGateway(config: Config, log: Logger = createLog(config)): Promise<Gateway> {
  const opened: (() => Promise<unknown>)[] = []
  const closeAll = async () => {
    for (const close of opened.splice(0).reverse()) {
      // A part that fails to close must not keep the others open.
      await close().catch((err) => log.error({ err }, 'cannot close a part of the gateway'))
    }
  }
  try {
    const opening = openDatabase(config, log)
    opened.push(async () => (await opening.catch(() => undefined))?.close())
    // The HTTP server and the schema are most of the program: load them while the database opens.
    const [database, api] = await Promise.all([opening, loadApi()])
    const core = await createCore(config, database)
    opened.push(() => core.close())

    const developmentToken = developmentTokens(config)
    const schema = api.buildGuardedSchema()
    const app = await api.buildServer({
      schema,
      core,
      executor: api.schemaExecutor(schema, core),
      identifyCaller: await callerIdentifier(config.auth, tokenKey(config), log),
      checkReady: () => answersWithin(READY_WITHIN_MS, database.checkWritable()),
      developmentToken,
      production: config.production,
      servesApi: config.roles.includes('api'),
      log,
    })
    opened.push(() => app.close())
    const url = await app.listen({ host: config.host, port: config.port })

    // Deliver only once the port is taken: a start that fails must not have sent anything.
    const isOnlyProcess = config.database.url === undefined
    const delivery = config.roles.includes('worker')
      ? await startDelivery({ ...core, log, isOnlyProcess })
      : undefined
    if (delivery) opened.push(() => delivery.stop(STOP_WITHIN_MS))
    const retention = config.roles.includes('worker') ? startRetention(core, log) : undefined
    if (retention) opened.push(() => retention.stop())
    return {
      url,
      developmentToken: await developmentToken?.(),
      servesApi: config.roles.includes('api'),
      crashed: database.crashed,
      async stop() {
        const late = setTimeout(() => app.server.closeAllConnections(), STOP_WITHIN_MS)
        // Both at the same time, within one limit. An error of one must not keep the rest open.
        const stopped = await Promise.allSettled([app.close(), delivery?.stop(STOP_WITHIN_MS)])
        clearTimeout(late)
        for (const part of stopped) {
          if (part.status === 'rejected') log.error({ err: part.reason }, 'cannot stop a part of the gateway')
        }
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function loadApi() {
  const [{ buildServer }, { buildGuardedSchema }, { schemaExecutor }] = await Promise.all([
    import('./http/server.js'),
    import('./schema/build.js'),
    import('./schema/execute.js'),
  ])
  return { buildServer, buildGuardedSchema, schemaExecutor }
}

/** Brings the database up to date and closes it. */
export async function migrateDatabase(config: Config): Promise<void> {
  const database = await openDatabase(config, createLog(config))
  await database.close()
}

async function answersWithin(milliseconds: number, answer: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  })
  await Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
