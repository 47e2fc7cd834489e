import { type Child, spawnChild } from './child'
import type { TestDatabase } from './gateway'

/** The core of a gateway without its doors, in a process of its own whose clock and hours a test holds in its hands. */
export interface Core {
  child: Child
  /** Runs one of the acts below, or of the test's own; rejects with what it threw. */
  run<T>(act: string, ...args: unknown[]): Promise<T>
  /** The rows of a statement; int8 comes as a number. */
  sql<Row>(statement: string, ...values: unknown[]): Promise<Row[]>
  /** Accepts an event and wakes the dispatcher. */
  publish(type?: string): Promise<number>
  createEndpoint(target: string, ...types: string[]): Promise<number>
  deleteEndpoint(id: number): Promise<void>
  /** What it had to warn of since it was asked last. */
  complaints(): Promise<string[]>
  /** Stops what it has started and closes the database. */
  close(): Promise<void>
}

/** Builds the core as src/gateway.ts does. */
const SCRIPT = `
  const { createCore } = dist('core.js')
  const { openDatabase } = dist('database/open-database.js')
  const { readConfig } = dist('config.js')
  const { Dispatcher } = dist('delivery/queue/dispatcher.js')
  const { createEndpoint } = dist('endpoints/create-endpoint.js')
  const { deleteEndpoint } = dist('endpoints/delete-endpoint.js')
  const { publishEvent } = dist('events/publish-event.js')
  const { prune } = dist('retention/prune.js')

  const config = readConfig(JSON.parse(process.argv[1]))
  const complaints = []
  const complain = ({ err }, message) => complaints.push(message + ': ' + err?.stack)
  const log = { debug() {}, info() {}, warn: complain, error: complain }
  const asJson = (value) => JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? Number(each) : each))

  openDatabase(config, log).then(async (database) => {
    const { prisma, notifications, close } = database
    const core = await createCore(config, database)
    let clock = () => Date.now()
    let dispatcher
    const acts = {
      sql: (statement, ...values) => prisma.$queryRawUnsafe(statement, ...values),
      prune: () => prune(prisma, config.delivery.retentionDays, (error) => {
        throw error
      }),
      publish: async (type) => (await publishEvent(core, { type, data: {} })).id,
      createEndpoint: async (target, types) =>
        (await createEndpoint(core, { target, events: types.map((type) => ({ type })) })).id,
      deleteEndpoint: (id) => deleteEndpoint(core, String(id)),
      complaints: () => complaints.splice(0),
      start() {
        const clockOffsetMs = () => clock() - Date.now()
        dispatcher = new Dispatcher({ ...core, log, clockOffsetMs })
        notifications.onNotification(() => dispatcher.wake())
        dispatcher.start()
      },
      holdClock(at) {
        clock = () => at
        notifications.notifyWorkers()
      },
      moveClock(byMs) {
        clock = () => Date.now() + byMs
        notifications.notifyWorkers()
      },
      async close() {
        await dispatcher?.stop(0)
        await core.close()
        await close()
      },
    }
    Object.assign(acts, (OWN_ACTS)({ database, prisma, core, config, dist }))
    onLine(async (line) => {
      const [act, ...args] = JSON.parse(line)
      try {
        print(asJson({ value: await acts[act](...args) }))
      } catch (error) {
        print(asJson({ error: error.stack }))
      }
    })
    print('open')
  })`

/**
 * Opens the core on a database: on an embedded one while no gateway is running on it.
 *
 * @param ownActs CommonJS, a function from `{ database, prisma, config, dist }` to more acts by name. Beside `Core`'s own there are
 *   `start` (a dispatcher), `holdClock(at)` (its clock stands still at these milliseconds since 1970), `moveClock(byMs)`
 *   (it goes, this far from the real one) and `prune` (one batch, by the retention in `env`)
 */
export async function openCore(
  database: TestDatabase,
  { env = {}, ownActs = '() => ({})' }: { env?: Record<string, string>; ownActs?: string } = {},
): Promise<Core> {
  const script = SCRIPT.replace('OWN_ACTS', () => ownActs)
  const child = spawnChild(script, [JSON.stringify({ ...database.env, ...env })])
  await child.hear()
  const run: Core['run'] = async (act, ...args) => {
    child.say(JSON.stringify([act, ...args]))
    const { value, error } = JSON.parse(await child.hear())
    if (error) throw new Error(error)
    return value
  }
  return {
    child,
    run,
    sql: (statement, ...values) => run('sql', statement, ...values),
    publish: (type = 'post.created') => run('publish', type),
    createEndpoint: (target, ...types) => run('createEndpoint', target, types),
    deleteEndpoint: (id) => run('deleteEndpoint', id),
    complaints: () => run('complaints'),
    async close() {
      await run('close')
      await child.end()
    },
  }
}
