import { connectTo } from '../support/database-connections'
import { startTestGateway } from '../support/gateway'
import { serverOnly } from '../support/server-only'
import { until } from '../support/until'

/** A change waits here after it has looked at what is stored, for as long as somebody holds the lock. */
const DAWDLE = `
  CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
  CREATE TRIGGER dawdle BEFORE UPDATE ON endpoints FOR EACH STATEMENT EXECUTE FUNCTION dawdle()`

/** Those of this database alone: the tests beside it lock as well. */
const WAITING = `
  SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

serverOnly(
  'A patch that changes nothing until another one comes in between is answered with what it asked for',
  async () => {
    const gateway = await startTestGateway()
    const other = await connectTo(gateway.database)
    const { id } = await gateway.createEndpoint()
    await other.query(DAWDLE)
    await other.query('SELECT pg_advisory_lock(1)')
    const patching = gateway.rest('PATCH', `endpoint/${id}/`, { json: { is_active: true } })
    await until(async () => (await other.query(WAITING)).rowCount === 1)
    await other.query('UPDATE endpoints SET is_active = false, version = version + 1 WHERE id = $1', [id])
    await other.query('SELECT pg_advisory_unlock(1)')
    const { status, body, headers } = await patching
    expect([status, body.is_active, headers.get('etag')]).toEqual([200, true, '"3"'])
    await other.end()
    await gateway.stop()
  },
)
