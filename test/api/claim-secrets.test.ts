import { randomUUID } from 'node:crypto'
import { connectTo } from '../support/database-connections'
import { publish } from '../support/events'
import { startTestGateway } from '../support/gateway'
import { untilWaiting } from '../support/lock-waits'
import { serverOnly } from '../support/server-only'

/** An advisory lock that only this test takes. */
const LOCK = 1
/** Makes a claim wait for the lock after it has started and before it locks an endpoint. */
const CLAIMS_WAIT = `
  CREATE OR REPLACE FUNCTION wake_lanes(moment timestamptz, most integer) RETURNS void LANGUAGE plpgsql
  AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(${LOCK});
    INSERT INTO lanes (endpoint_id, is_awake, due_at) SELECT DISTINCT endpoint_id, true, moment FROM queue;
  END
  $$`
const CLAIM = `SELECT endpoint FROM claim_deliveries('${randomUUID()}', 10000, 0, 10, 10, 10, '{}', '{}', '{}', 0) WHERE event_id IS NOT NULL`
const LIVE = 'SELECT id FROM signing_secrets WHERE endpoint_id = $1 AND expires_at IS NULL'

serverOnly(
  'A claim never returns a secret that was expired before the claim locked its endpoint',
  async () => {
    const gateway = await startTestGateway({ HOOKGATE_ROLES: 'api' })
    const { id } = await gateway.createEndpoint()
    await publish(gateway)
    const [claimer, other] = await Promise.all([connectTo(gateway.database), connectTo(gateway.database)])
    await other.query(CLAIMS_WAIT)
    await other.query(`SELECT pg_advisory_lock(${LOCK})`)
    const claiming = claimer.query(CLAIM)
    await untilWaiting(other)
    expect((await gateway.rest('POST', `endpoint/${id}/secret/expire/`)).status).toBe(200)
    await other.query(`SELECT pg_advisory_unlock(${LOCK})`)
    const { rows: claimed } = await claiming
    const { rows: live } = await other.query(LIVE, [id])
    expect(claimed).toHaveLength(1)
    expect(claimed[0].endpoint.secrets.map((secret: { id: string }) => secret.id)).toEqual([live[0].id])
    await Promise.all([claimer.end(), other.end()])
    await gateway.stop()
  },
)
