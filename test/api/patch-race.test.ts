import { connectTo } from '../support/database-connections'
import { startTestGateway } from '../support/gateway'
import { untilWaiting } from '../support/lock-waits'
import { serverOnly } from '../support/server-only'

serverOnly(
  'A patch that would change nothing waits for another change, and returns the state that it requests',
  async () => {
    const gateway = await startTestGateway()
    const other = await connectTo(gateway.database)
    const { id } = await gateway.createEndpoint()
    await other.query('BEGIN')
    await other.query('UPDATE endpoints SET is_active = false, version = version + 1 WHERE id = $1', [id])
    const patching = gateway.rest('PATCH', `endpoint/${id}/`, { json: { is_active: true } })
    await untilWaiting(other)
    await other.query('COMMIT')
    const { status, body, headers } = await patching
    expect([status, body.is_active, headers.get('etag')]).toEqual([200, true, '"3"'])
    await other.end()
    await gateway.stop()
  },
)
