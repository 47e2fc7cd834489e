import { setTimeout as sleep } from 'node:timers/promises'
import { openCore } from '../support/core'
import { connectTo } from '../support/database-connections'
import { publish } from '../support/events'
import {
  createEmbeddedDatabase,
  createTestDatabase,
  JWT_SECRET,
  spawnGateway,
  startTestGateway,
  type TestDatabase,
} from '../support/gateway'
import { startReceiver, type TestReceiver } from '../support/receiver'
import { report } from '../support/report'
import { serverOnly } from '../support/server-only'
import { until } from '../support/until'

const TYPE = 'post.created'

async function createEndpoints(database: TestDatabase, count: number, receiver: TestReceiver): Promise<void> {
  const core = await openCore(database)
  await core.run('createEndpoints', count, receiver.url, TYPE)
  await core.close()
}

/** How many different endpoints each event has reached, by event. */
function reached({ received }: TestReceiver): Map<number, number> {
  const paths = new Map<number, Set<string>>()
  for (const { eventId, path } of received) paths.set(eventId, (paths.get(eventId) ?? new Set()).add(path))
  return new Map([...paths].map(([eventId, each]) => [eventId, each.size]))
}

/** Looks now and then: this process also answers the deliveries. */
const untilReached = (receiver: TestReceiver, ids: number[], endpoints: number) =>
  until(async () => {
    const counts = reached(receiver)
    return ids.every((id) => counts.get(id) === endpoints)
  })

serverOnly(
  'A worker that is killed while it fans out leaves nothing out and makes nothing twice',
  async () => {
    const ENDPOINTS = 3_000
    const EVENTS = 4
    const KILLS = 8
    const [receiver, database] = [await startReceiver(), await createTestDatabase()]
    await createEndpoints(database, ENDPOINTS, receiver)
    const api = await startTestGateway({ HOOKGATE_ROLES: 'api' }, database)
    const ids: number[] = []
    for (let nth = 0; nth < EVENTS; nth += 1) ids.push(await publish(api, { nth }, TYPE))
    const client = await connectTo(database)
    const progress = async () => {
      const { rows } = await client.query(
        'SELECT count(*)::integer AS events, sum(after_endpoint_id)::integer AS done FROM fan_outs',
      )
      return rows[0] as { events: number; done: number | null }
    }
    const spawnWorker = () =>
      spawnGateway({
        ...database.env,
        HOOKGATE_JWT_SECRET: JWT_SECRET,
        HOOKGATE_ROLES: 'worker',
        LOG_LEVEL: 'warn',
      })

    let kills = 0
    while (kills < KILLS) {
      const before = await progress()
      if (before.events === 0) break
      const worker = spawnWorker()
      // Kill it in the middle of one of its first batches.
      for (;;) {
        const { events, done } = await progress()
        if (events < before.events || done !== before.done) break
        await sleep(1)
      }
      await sleep(Math.random() * 10)
      worker.process.kill('SIGKILL')
      await worker.exited
      kills += 1
    }
    const interrupted = await progress()
    const workers = [spawnWorker(), spawnWorker()]
    await untilReached(receiver, ids, ENDPOINTS)
    await until(async () => (await progress()).events === 0)
    const { rows } = await client.query(
      `SELECT count(*)::integer AS count, count(DISTINCT (event_id, endpoint_id))::integer AS different FROM deliveries`,
    )
    expect(rows).toEqual([{ count: ENDPOINTS * EVENTS, different: ENDPOINTS * EVENTS }])
    const { rows: unfinished } = await client.query('SELECT FROM events WHERE fanned_out_at IS NULL')
    expect(unfinished).toEqual([])
    report(
      `${kills} kills while ${EVENTS} events were fanned out; ${interrupted.events} were left after the last one`,
    )
    // Otherwise the kills would prove nothing.
    expect(kills).toBeGreaterThanOrEqual(3)
    for (const worker of workers) worker.process.kill('SIGTERM')
    await Promise.all(workers.map(({ exited }) => exited))
    await client.end()
    await api.stop()
    await receiver.close()
  },
)

it('A gateway on an embedded database that is killed after the answer fans out when it starts again', async () => {
  const ENDPOINTS = 1_200
  const [receiver, database] = [await startReceiver(), await createEmbeddedDatabase()]
  await createEndpoints(database, ENDPOINTS, receiver)
  let gateway = await startTestGateway({}, database)
  const ids: number[] = []
  for (let round = 0; round < 3; round += 1) {
    ids.push(await publish(gateway, { round }, TYPE))
    await sleep(round * 20)
    await gateway.end('SIGKILL')
    gateway = await startTestGateway({}, database)
  }
  await untilReached(receiver, ids, ENDPOINTS)
  await gateway.stop()
  await receiver.close()
})
