import { Client } from 'pg'
import { startTestGateway } from '../support/gateway'
import { serverOnly } from '../support/server-only'

/** A change waits here after it has looked at what is stored, for as long as somebody holds the lock. */
const DAWDLE = `
  CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
  CREATE TRIGGER dawdle BEFORE UPDATE ON endpoints FOR EACH STATEMENT EXECUTE FUNCTION dawdle()`

serverOnly(
  'A patch that changes nothing until another one comes in between is answered with what it asked for',
  async () => {
    const gateway = await startTestGateway()
    const other = new Client({ connectionString: gateway.database.env.DATABASE_URL })
    await other.connect()
    const { id } = await gateway.createEndpoint()
    await other.query(DAWDLE)
    await other.query('SELECT pg_advisory_lock(1)')
    const patching = gateway.rest('PATCH', `endpoint/${id}/`, { json: { is_active: true } })
    await waitsForLock(other)
    await other.query('UPDATE endpoints SET is_active = false, version = version + 1 WHERE id = $1', [id])
    await other.query('SELECT pg_advisory_unlock(1)')
    const { status, body, headers } = await patching
    expect([status, body.is_active, headers.get('etag')]).toEqual([200, true, '"3"'])
    await other.end()
    await gateway.stop()
  },
)

async function waitsForLock(client: Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query(
      "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
    )
    if (rowCount === 1) return
  }
}
