import { publish } from '../support/events'
import { startTestGateway, type TestGateway, testDatabase } from '../support/gateway'
import { startPrivatePostgres } from '../support/private-postgres'
import { startReplicatedPostgres } from '../support/replicated-postgres'
import { onServer } from '../support/template'
import { until } from '../support/until'

async function readiness(gateway: TestGateway) {
  const response = await fetch(`${gateway.url}/readyz`)
  return { httpStatus: response.status, ...((await response.json()) as object) }
}

const isReady = async (gateway: TestGateway) => (await readiness(gateway)).httpStatus === 200

it('a database that becomes read-only makes the gateway not ready, until it can be written to again', async () => {
  const postgres = await startPrivatePostgres()
  const database = await postgres.createDatabase('hookgate')
  const gateway = await startTestGateway({}, database)
  expect(await readiness(gateway)).toEqual({ httpStatus: 200, status: 'ready' })
  await onServer(postgres.url, 'ALTER DATABASE hookgate SET default_transaction_read_only = on')
  await postgres.stop('fast')
  await postgres.start()
  await until(
    async () => !(await isReady(gateway)) && /read-only/.test(JSON.stringify(await readiness(gateway))),
  )
  expect(
    (
      await gateway.rest('POST', 'endpoint/', {
        json: { target: 'http://127.0.0.1:1/', events: [{ type: 'post.created' }] },
      })
    ).status,
  ).toBe(503)
  expect((await gateway.rest('GET', 'endpoint/')).status).toBe(200)
  await onServer(postgres.url, 'ALTER DATABASE hookgate SET default_transaction_read_only = off')
  await until(() => isReady(gateway))
  await publish(gateway)
  await gateway.stop()
})

it('a gateway that finds itself on a standby is not ready, and is ready once the standby is promoted', async () => {
  const { primary, standby, url } = await startReplicatedPostgres('hookgate')
  // The first host answers, until it is gone.
  const database = testDatabase({ DATABASE_URL: url('hookgate', 'target_session_attrs=any') })
  const gateway = await startTestGateway({}, database)
  const eventId = await publish(gateway)
  await onServer(primary.url, 'SELECT pg_switch_wal()')
  await until(async () => (await countOn(standby.url)) > 0)
  await primary.stop('immediate')
  await until(async () => /standby/.test(JSON.stringify(await readiness(gateway))))
  expect((await gateway.rest('POST', 'event/', { json: { type: 'post.created', data: {} } })).status).toBe(
    503,
  )
  expect((await gateway.rest('GET', 'endpoint/')).status).toBe(200)
  await standby.promote()
  await until(() => isReady(gateway), 10_000)
  expect(await publish(gateway)).toBeGreaterThan(eventId)
  await gateway.stop()
})

async function countOn(url: string): Promise<number> {
  const { Client } = await import('pg')
  const client = new Client({ connectionString: url.replace(/\/postgres$/, '/hookgate') })
  await client.connect()
  const { rows } = await client
    .query('SELECT count(*)::integer AS count FROM events')
    .finally(() => client.end())
  return rows[0].count
}
