import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { arrivedAtAll, publishUntilAcknowledged, untilSettled } from '../support/crashes'
import { startTestGateway, type TestGateway, testDatabase } from '../support/gateway'
import { startReceiver } from '../support/receiver'
import { type ReplicatedPostgres, startReplicatedPostgres } from '../support/replicated-postgres'
import { report } from '../support/report'
import { privateServerOnly } from '../support/server-only'
import { until } from '../support/until'

const EVENTS = 1_500
const RESUMED_WITHIN_MS = 10_000

const readiness = async ({ url }: TestGateway) => (await fetch(`${url}/readyz`)).status

/** A receiver that answers the first send of each event by 500. */
async function startFlakyReceiver() {
  const known = new Set<number>()
  return startReceiver(({ eventId }) => {
    if (known.has(eventId)) return 204
    known.add(eventId)
    return 500
  })
}

/** Two gateways with both roles on a database that is on both servers. A publisher that got no answer tries the other one. */
async function startTwoGateways(postgres: ReplicatedPostgres) {
  const env = { HOOKGATE_RETRY_SCHEDULE: '1,1', LOG_LEVEL: 'warn' }
  // One data folder, which holds the keys that both need.
  const database = testDatabase({ DATABASE_URL: postgres.url('hookgate', 'target_session_attrs=read-write') })
  const gateways: TestGateway[] = []
  for (let nth = 0; nth < 2; nth += 1) gateways.push(await startTestGateway(env, database))
  let turn = 0
  const either = {
    get current() {
      turn += 1
      return gateways[turn % 2] as TestGateway
    },
  }
  return { gateways, either }
}

describe('a primary with a synchronous standby, under load,', () => {
  privateServerOnly.each([
    ['is killed', async ({ primary }: ReplicatedPostgres) => primary.kill()],
    [
      'is cut off without a word',
      async ({ primary }: ReplicatedPostgres) => {
        primary.freeze()
        // A failover manager takes longer to be sure that a silent primary is gone.
        await sleep(5_000)
      },
    ],
  ])(
    '%s: the standby takes over, nothing accepted is lost, and delivery resumes by itself',
    async (how, fail) => {
      const postgres = await startReplicatedPostgres('hookgate', { isSynchronous: true })
      const { gateways, either } = await startTwoGateways(postgres)
      const honest = await startReceiver()
      const flaky = await startFlakyReceiver()
      const hopeless = await startReceiver(() => 500)
      for (const { url } of [honest, flaky, hopeless]) await either.current.createEndpoint({ target: url })

      const acknowledged: number[] = []
      const refused = new Map<number | undefined, number>()
      const publishing = publishUntilAcknowledged(either, {
        count: EVENTS,
        onAcknowledged: (id) => acknowledged.push(id),
        onRefused: (status) => refused.set(status, (refused.get(status) ?? 0) + 1),
      })
      await until(() => acknowledged.length >= EVENTS / 3)
      await fail(postgres)
      const failedAt = Date.now()
      await until(async () => (await Promise.all(gateways.map(readiness))).every((status) => status === 503))
      const unreadyAfter = Date.now() - failedAt
      // Answers and sends from before may still arrive.
      await sleep(1_000)
      const [accepted, arrived] = [acknowledged.length, honest.received.length]

      await postgres.standby.promote()
      const promotedAt = Date.now()
      const since = () => Date.now() - promotedAt
      await until(() => honest.received.length > arrived)
      const deliveringAfter = since()
      await until(() => acknowledged.length > accepted)
      const acceptingAfter = since()
      await until(async () => (await Promise.all(gateways.map(readiness))).every((status) => status === 200))
      const readyAfter = since()
      report(
        `${how}: not ready after ${unreadyAfter} ms; after the promotion: delivering ${deliveringAfter} ms, accepting ${acceptingAfter} ms, both ready ${readyAfter} ms`,
      )
      await publishing
      await until(() => arrivedAtAll([honest, flaky, hopeless], acknowledged))
      const settled = await untilSettled(either, acknowledged)
      report(
        `publishers also received ${JSON.stringify([...refused])}; ${honest.received.length - EVENTS} of ${EVENTS} arrived once more`,
      )

      expect(Math.max(deliveringAfter, acceptingAfter, readyAfter)).toBeLessThan(RESUMED_WITHIN_MS)
      expect(new Set(acknowledged).size).toBe(EVENTS)
      expect(await eventCount(postgres)).toBe(EVENTS)
      expect(new Set(honest.eventIds())).toEqual(new Set(acknowledged))
      const outcome = JSON.stringify(['DELIVERED', 'DELIVERED', 'FAILED'])
      expect([...settled].filter(([, statuses]) => JSON.stringify(statuses) !== outcome)).toEqual([])
      for (const gateway of gateways) {
        expect(gateway.process.exitCode).toBeNull()
        expect(gateway.output()).not.toContain('internal error')
        expect(await gateway.end()).toBe(0)
      }
    },
  )
})

async function eventCount({ standby }: ReplicatedPostgres): Promise<number> {
  const client = new Client({ connectionString: standby.url.replace(/\/postgres$/, '/hookgate') })
  await client.connect()
  const { rows } = await client
    .query('SELECT count(*)::integer AS count FROM events')
    .finally(() => client.end())
  return rows[0].count
}
