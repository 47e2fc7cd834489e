import { setTimeout as sleep } from 'node:timers/promises'
import { wrongCounts } from '../support/attempt-counts'
import { openCore } from '../support/core'
import { createTestDatabase } from '../support/gateway'
import { growOlder, tablesOf } from '../support/partitions'
import { seededRandom } from '../support/random'
import { serverOnly } from '../support/server-only'

const RETENTION_DAYS = 7
const KILLS = 25
/** How much older everything is after each kill. */
const STEP_DAYS = 2

serverOnly(
  'A process killed while it removes old events leaves each event whole or gone, and the next one continues',
  async () => {
    const database = await createTestDatabase()
    const open = () => openCore(database, { env: { HOOKGATE_RETENTION_DAYS: String(RETENTION_DAYS) } })
    const core = await open()
    const random = seededRandom()
    await core.createEndpoint('http://127.0.0.1:9/', 'post.created')
    const ids: number[] = []
    for (let kill = 0; kill < KILLS; kill += 1) {
      ids.push(await core.publish())
      await growOlder(core, STEP_DAYS * 86_400)
      const victim = await open()
      // No answer comes from a process that is killed.
      victim.run('prune').catch(() => undefined)
      await sleep(random.between(0, 60))
      await victim.program.end('SIGKILL')
      // The server ends a statement of the process a moment later.
      await core.run('prune')
    }
    await growOlder(core, 120)
    await core.run('prune')
    const stored = (await core.sql<{ id: number }>('SELECT id FROM events ORDER BY id')).map(({ id }) => id)
    expect(stored).toEqual(ids.slice(-stored.length))
    expect([4, 5]).toContain(stored.length)
    expect(await core.sql('SELECT event_id AS id FROM deliveries ORDER BY 1')).toEqual(
      stored.map((id) => ({ id })),
    )
    expect(await wrongCounts(core)).toEqual([])
    const tables = await tablesOf(core, 'events')
    for (const parent of ['ended_deliveries', 'attempts', 'attempt_counts'])
      expect(await tablesOf(core, parent)).toEqual(tables)
    expect(await core.warnings()).toEqual([])
    await core.close()
    await database.remove()
  },
)
