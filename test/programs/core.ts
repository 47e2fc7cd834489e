import type { Config } from '../../src/config/config'
import { readConfig } from '../../src/config/read-config'
import { type Core, createCore } from '../../src/core'
import { openDatabase } from '../../src/database/open-database'
import { Dispatcher } from '../../src/delivery/queue/dispatcher'
import { createEndpoint } from '../../src/endpoints/create-endpoint'
import { deleteEndpoint } from '../../src/endpoints/delete-endpoint'
import { publishEvent } from '../../src/events/publish-event'
import { JsonText } from '../../src/json-text'
import { prune } from '../../src/retention/prune'
import { ENDPOINT_SAMPLE } from '../support/endpoint-sample'
import { type Environment, serveCommands } from './commands'
import { warningLog } from './warning-log'

/** The core of a gateway on an open database. */
export interface OpenCore {
  config: Config
  core: Core
  /** what was logged as a warning or an error */
  warnings: string[]
  /** Starts to deliver, by a clock that the test holds. */
  startDispatcher(clock: () => number): Dispatcher
  /** Closes the core and the database. */
  close(): Promise<void>
}

export async function openCore(env: Environment): Promise<OpenCore> {
  const config = readConfig(env)
  const warnings: string[] = []
  const log = warningLog(warnings)
  const database = await openDatabase(config, log)
  const core = await createCore(config, database)
  return {
    config,
    core,
    warnings,
    startDispatcher(clock) {
      const dispatcher = new Dispatcher({ ...core, log, clockOffsetMs: () => clock() - Date.now() })
      database.notifications.register({
        wake: (deliveries) => dispatcher.wake(deliveries),
        lookIn: (milliseconds) => dispatcher.lookIn(milliseconds),
        fanOutIn: () => undefined,
      })
      dispatcher.start()
      return dispatcher
    },
    async close() {
      await core.close()
      await database.close()
    },
  }
}

export type CoreCommands = ReturnType<typeof coreCommands>

/** Commands for a core whose clock a test holds. */
export function coreCommands({ core, config, warnings, ...opened }: OpenCore) {
  const { prisma, notifyWorkers } = core
  let clock = () => Date.now()
  let dispatcher: Dispatcher | undefined
  return {
    sql: (statement: string, ...values: unknown[]) => prisma.$queryRawUnsafe<unknown[]>(statement, ...values),
    /** One run of the retention, by the retention time of the configuration. */
    prune: () =>
      prune(prisma, {
        retentionDays: config.delivery.retentionDays,
        isStopping: () => false,
        onFailure(error) {
          throw error
        },
      }),
    publish: async (type: string) =>
      (await publishEvent(core, { type, data: new JsonText('{}') }, 'sub:test')).event.id,
    /** Publishes events by the SQL function that the API calls, in one statement, and returns their ids. */
    async publishMany(count: number, type: string) {
      const rows = await prisma.$queryRaw<{ id: number }[]>`
        SELECT ((publish_event(${type}, json_build_object('nth', nth)::text, '', NULL, NULL)).event).id::integer AS id
        FROM generate_series(1, ${count}::integer) AS nth`
      return rows.map(({ id }) => id)
    },
    async createEndpoint(target: string, types: string[]) {
      const events = types.map((type) => ({ type }))
      const input = { ...ENDPOINT_SAMPLE, target, events, isActive: true }
      return (await createEndpoint(core, input)).id
    },
    /** Creates endpoints whose targets differ in their last part. */
    async createEndpoints(count: number, target: string, type: string) {
      const create = (nth: number) => {
        const input = { ...ENDPOINT_SAMPLE, target: `${target}/${nth}`, events: [{ type }], isActive: true }
        return createEndpoint(core, input)
      }
      const ids: number[] = []
      // As many at a time as there are connections.
      while (ids.length < count) {
        const left = Math.min(count - ids.length, 10)
        const endpoints = await Promise.all(
          Array.from({ length: left }, (_, nth) => create(ids.length + nth)),
        )
        ids.push(...endpoints.map(({ id }) => id))
      }
      return ids
    },
    async deleteEndpoint(id: number) {
      await deleteEndpoint(core, String(id))
    },
    /** What was logged as a warning or an error since the last call. */
    warnings: () => warnings.splice(0),
    start() {
      dispatcher = opened.startDispatcher(() => clock())
    },
    /** From now on the dispatcher's clock shows this instant: milliseconds since 1970. */
    holdClock(at: number) {
      clock = () => at
      notifyWorkers()
    },
    /** From now on the dispatcher's clock runs this far from the real one. */
    moveClock(byMs: number) {
      clock = () => Date.now() + byMs
      notifyWorkers()
    },
    async close() {
      await dispatcher?.stop(0)
      await opened.close()
    },
  }
}

if (require.main === module) serveCommands(async (env: Environment) => coreCommands(await openCore(env)))
