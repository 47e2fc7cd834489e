import type { LockContentionCommands } from '../programs/lock-contention'
import { wrongCounts } from '../support/attempt-counts'
import { openCore } from '../support/core'
import { createTestDatabase } from '../support/gateway'
import { report } from '../support/report'
import { serverOnly } from '../support/server-only'

const ENDPOINTS = 3
const EVENTS = 150
const ROUNDS = 60

serverOnly(
  'Publishing, claiming, recording, resending, fanning out and removing the same deliveries at once never ends in a deadlock',
  async () => {
    const database = await createTestDatabase()
    // PostgreSQL then reports each deadlock at once.
    const url = `${database.env.DATABASE_URL}?options=-c%20deadlock_timeout%3D100ms`
    const core = await openCore<LockContentionCommands>(
      { ...database, env: { ...database.env, DATABASE_URL: url } },
      { program: 'lock-contention' },
    )
    const endpointIds: number[] = []
    for (let nth = 0; nth < ENDPOINTS; nth += 1) {
      endpointIds.push(await core.createEndpoint(`http://127.0.0.1:9/${nth}`, 'post.created'))
    }
    const startedAt = Date.now()
    const { rounds, recorded, emptied, dropped, errors } = await core.run('contend', {
      rounds: ROUNDS,
      events: EVENTS,
      endpointIds,
    })
    report(
      `${JSON.stringify(rounds)} rounds in ${(Date.now() - startedAt) / 1000} s: ${recorded} attempts recorded, ${emptied} partitions emptied, ${dropped} dropped`,
    )
    expect(errors).toEqual([])
    // Each operation had rows to work on.
    expect(rounds).toMatchObject({
      claim: ROUNDS,
      renew: 2 * ROUNDS,
      record: 2 * ROUNDS,
      prune: ROUNDS,
      fanOut: 2 * ROUNDS,
    })
    expect(rounds.resend).toBeGreaterThan(ROUNDS / 4)
    expect(recorded).toBeGreaterThan(EVENTS * ENDPOINTS)
    expect(emptied).toBeGreaterThan(0)
    expect(dropped).toBeGreaterThan(0)
    expect(await wrongCounts(core)).toEqual([])
    await core.close()
  },
)
