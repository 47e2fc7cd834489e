import { setTimeout as sleep } from 'node:timers/promises'
import { connectTo, countConnections } from '../support/database-connections'
import { createEmptyDatabase } from '../support/empty-database'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { startReceiver } from '../support/receiver'
import { report } from '../support/report'
import { until } from '../support/until'

/** Much longer than the gateway waits, so that statements are given up again and again. */
const LOCKED_MS = 40_000
const PUBLISHERS = 20
const CONNECTIONS = 10

it('a locked table: the limit of connections holds, a 503 is true, and others are served', async () => {
  const database = await createEmptyDatabase()
  const gateway = await startTestGateway({ HOOKGATE_DATABASE_CONNECTIONS: String(CONNECTIONS) }, database)
  const receiver = await startReceiver()
  const endpoint = await gateway.createEndpoint({ target: receiver.url })
  const connections = await countConnections(database)
  const locker = await connectTo(database)
  const ownConnections = 1
  await locker.query('BEGIN; LOCK TABLE deliveries')

  let isOver = false
  const told = new Map<number, string[]>()
  const publish = async (publisher: number) => {
    for (let nth = 0; !isOver; nth += 1) {
      const key = `${publisher} ${nth}`
      const { status } = await gateway.rest('POST', 'event/', {
        json: { type: 'post.created', data: { key } },
        headers: { 'idempotency-key': key },
      })
      told.set(status, [...(told.get(status) ?? []), key])
    }
  }
  const publishing = Array.from({ length: PUBLISHERS }, (_, publisher) => publish(publisher))
  let most = 0
  const counting = (async () => {
    while (!isOver) {
      most = Math.max(most, ((await connections?.read()) ?? 0) - ownConnections)
      await sleep(20)
    }
  })()
  const reads = await readMeanwhile(gateway, endpoint.id)
  isOver = true
  await locker.query('COMMIT')
  await Promise.all([...publishing, counting])

  const { rows } = await locker.query("SELECT key FROM idempotency_keys WHERE key ~ '^[0-9]+ [0-9]+$'")
  const stored = new Set(rows.map(({ key }) => key))
  const refused = told.get(503) ?? []
  report(
    `most connections ${most}; ${[...told].map(([status, keys]) => `${status}: ${keys.length}`)}; reads ${reads.length}`,
  )
  expect(most).toBeLessThanOrEqual(CONNECTIONS)
  expect(refused.length).toBeGreaterThan(PUBLISHERS)
  expect(refused.filter((key) => stored.has(key))).toEqual([])
  expect((told.get(201) ?? []).filter((key) => !stored.has(key))).toEqual([])
  // Once the first publishers are given up, their kind gets few connections, and reads of other tables are quick.
  expect(reads.filter((status) => status !== 200)).toEqual([])
  expect(reads.length).toBeGreaterThan(100)
  await until(() => (told.get(201) ?? []).length === receiver.received.length)
  await locker.end()
  await connections?.end()
  await gateway.stop()
  await receiver.close()
})

/** Reads an endpoint again and again while the table is locked. @returns the statuses */
async function readMeanwhile(gateway: TestGateway, id: number): Promise<number[]> {
  const statuses: number[] = []
  const end = Date.now() + LOCKED_MS
  while (Date.now() < end) {
    statuses.push((await gateway.rest('GET', `endpoint/${id}/`)).status)
    await sleep(100)
  }
  return statuses
}
