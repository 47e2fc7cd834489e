import type { Logger } from 'pino'
import { callerIdentifier } from './auth/bearer-token'
import { developmentSignIn } from './auth/development-sign-in'
import { tokenKey } from './auth/issue-token'
import type { Config } from './config/config'
import { createCore } from './core'
import { openDatabase } from './database/open-database'
import { startDelivery } from './delivery/start-delivery'
import { makeEventPartitions } from './retention/partitions/event-partitions'
import { startRetention } from './retention/start-retention'

/** A running gateway. */
export interface Gateway {
  /** where it listens, such as http://127.0.0.1:4000 */
  url: string
  /** in development: an admin token to start with, and the code that signs the pages in */
  development: { token: string; code: string } | undefined
  /** where clients find it; the same, unless the operator says otherwise */
  publicUrl: string
  /** false = this process only delivers, and serves nothing but its health */
  servesApi: boolean
  /** Resolves with a message for the operator when the embedded database has crashed. */
  crashed: Promise<Error>
  /** Stops accepting, lets requests and sends in flight finish for 10 s at most, then closes everything. */
  stop(): Promise<void>
}

/**
 * A stop takes 10 s at most, with what main.ts still does. Requests and sends in flight get this long to finish. Then requests
 * are cut off and sends are aborted; the dispatcher takes up to 2 s to record the aborted ones.
 */
const FINISH_WITHIN_MS = 7_300
/** All that a stop does, connections to the database included. What has not ended by then ends with the process. */
const STOP_WITHIN_MS = 9_500
const READY_WITHIN_MS = 2_000

/**
 * Builds the parts in order and starts to listen.
 *
 * @param stopping aborted = end the start as soon as the step in progress has ended, and throw the signal's reason
 * @throws Error with a message for the operator; every part that was opened by then is closed again, in reverse order
 */
export async function startGateway(config: Config, log: Logger, stopping?: AbortSignal): Promise<Gateway> {
  const opened: (() => Promise<unknown>)[] = []
  const closeAll = async () => {
    for (const close of opened.splice(0).reverse()) {
      // A part that fails to close must not keep the others open.
      await close().catch((err) => log.error({ err }, 'cannot close a part of the gateway'))
    }
  }
  try {
    stopping?.throwIfAborted()
    const opening = openDatabase(config, log, stopping)
    opened.push(async () => (await opening.catch(() => undefined))?.close())
    // The HTTP server and the schema are most of the program: load and build them while the database opens.
    const [database, api] = await Promise.all([opening, loadApi()])
    stopping?.throwIfAborted()
    const core = await createCore(config, database)
    opened.push(() => core.close())
    // Nothing may have run for so long that publishers by SQL have used up all partitions. Nobody publishes to an embedded database
    // while no process runs.
    const isOnlyProcess = config.database.url === undefined
    if (!isOnlyProcess) await makeEventPartitions(core.prisma)

    const signIn = developmentSignIn(config)
    const { schema } = api
    const app = await api.buildServer({
      schema,
      core,
      executor: api.schemaExecutor(schema, core),
      identifyCaller: await callerIdentifier(config.auth, tokenKey(config), log),
      signIn,
      publicUrl: config.publicUrl,
      corsOrigins: config.corsOrigins,
      checkReady: () => answersWithin(READY_WITHIN_MS, database.checkWritable()),
      production: config.production,
      servesApi: config.roles.includes('api'),
      log,
    })
    opened.push(() => app.close())
    stopping?.throwIfAborted()
    const url = await app.listen({ host: config.host, port: config.port })

    // Deliver only once the port is taken: a start that fails must not have sent anything.
    const delivery = config.roles.includes('worker')
      ? await startDelivery({ ...core, log, isOnlyProcess })
      : undefined
    if (delivery) opened.push(() => delivery.stop(FINISH_WITHIN_MS))
    const retention = startRetention(core, log)
    opened.push(() => retention.stop())

    const stop = async () => {
      const late = setTimeout(() => app.server.closeAllConnections(), FINISH_WITHIN_MS)
      // All at the same time, within one limit. An error of one must not keep the rest open.
      const stopped = await Promise.allSettled([
        app.close(),
        delivery?.stop(FINISH_WITHIN_MS),
        retention.stop(),
      ])
      clearTimeout(late)
      for (const part of stopped) {
        if (part.status === 'rejected') log.error({ err: part.reason }, 'cannot stop a part of the gateway')
      }
      await closeAll()
    }
    return {
      url,
      development: signIn && { token: await signIn.issueToken(), code: signIn.code },
      publicUrl: config.publicUrl ?? url,
      servesApi: config.roles.includes('api'),
      crashed: database.crashed,
      async stop() {
        if (!(await endsWithin(STOP_WITHIN_MS, stop()))) {
          log.warn('stopped before every statement on the database had ended: the database rolls them back')
        }
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
  return { buildServer, schema: buildGuardedSchema(), schemaExecutor }
}

/**
 * Brings the database up to date and closes it.
 *
 * @throws Error with a message for the operator, or the signal's reason
 */
export async function migrateDatabase(config: Config, log: Logger, stopping?: AbortSignal): Promise<void> {
  const database = await openDatabase(config, log, stopping)
  await database.close()
}

async function answersWithin(milliseconds: number, answer: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  })
  await Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/** True when `work` has ended within this time. */
async function endsWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false)
  })
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer))
}
