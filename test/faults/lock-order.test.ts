import { wrongCounts } from '../support/attempt-counts'
import { type Core, openCore } from '../support/core'
import { createTestDatabase } from '../support/gateway'
import { report } from '../support/report'
import { serverOnly } from '../support/server-only'

const ENDPOINTS = 3
const EVENTS = 150
const ROUNDS = 60

/** What each of them did, and what none of them should have met with. */
interface Fight {
  rounds: Record<string, number>
  recorded: number
  pruned: number
  errors: string[]
}

/**
 * Everything that locks several deliveries, on all deliveries at once, each in an order of its own. All hold the
 * same leases, or they would step out of each other's way. Recorded 40 days ago, attempts are pruned at once.
 */
const FIGHT = `({ database, prisma, core, dist }) => {
  const { randomUUID } = require('node:crypto')
  const { claimDeliveries } = dist('delivery/queue/claims/claim-deliveries.js')
  const { renewLeases } = dist('delivery/queue/claims/leases.js')
  const { recordAttempts } = dist('delivery/queue/recording/record-attempts.js')
  const { resendEvents } = dist('delivery/resend.js')
  const { prune } = dist('retention/prune.js')
  const owner = randomUUID()
  const holder = { owner, clockOffsetMs: -40 * 86_400_000 }
  const leaseMs = 10_000
  const shuffle = (list) => list.map((each) => [Math.random(), each]).sort(([a], [b]) => a - b).map(([, each]) => each)
  const some = (list) => shuffle(list).slice(0, Math.ceil(list.length * 0.7))
  const deliveries = () => prisma.delivery.findMany()
  let sends = 0
  const outcomeOf = ({ id, eventId, endpointId, resendCount }) => ({
    sendId: randomUUID(), deliveryId: String(id), eventId: String(eventId), endpointId, number: (sends += 1), resendCount, sentAt: null, signatureHeader: '', responseStatus: 500, responseBody: null, responseTruncated: false,
    durationMs: 1, error: null, outcome: shuffle(['delivered', 'retry', 'failed', 'aborted'])[0], retryInMs: 0, isGone: false,
  })
  const publish = (count) => prisma.$executeRawUnsafe(
    "SELECT publish_event('post.created', '{}', NULL, '') FROM generate_series(1, " + count + ')')
  const makeOld = () => prisma.$executeRawUnsafe(
    "UPDATE events SET created_at = created_at - interval '40 days' WHERE created_at > now() - interval '1 day'")
  const fight = { rounds: {}, recorded: 0, pruned: 0, errors: [] }
  const actors = {
    claim: () => database.asyncCommitTransaction((query) => claimDeliveries(query, {
      owner, slots: 300, slotsPerEndpoint: 150, busyEndpoints: [], afterEndpoint: 0, leaseMs, clockOffsetMs: 0 })),
    renew: async () => renewLeases(prisma, holder, some(await deliveries()).map(({ id }) => id), leaseMs),
    record: async () => {
      fight.recorded += (await recordAttempts(database.query, holder, some(await deliveries()).map(outcomeOf))).length
    },
    async resend({ endpointIds }) {
      const eventIds = some(await prisma.event.findMany()).map(({ id }) => String(id))
      await resendEvents(core, String(shuffle(endpointIds)[0]), eventIds)
    },
    async prune() {
      fight.pruned += await prune(prisma, 30, (error) => { throw error })
    },
    async publish({ events }) {
      const missing = events - (await prisma.event.count())
      if (missing > 0) await publish(missing)
      await makeOld()
    },
  }
  return {
    async fight({ rounds, ...scene }) {
      const act = async (name) => {
        for (let round = 0; round < rounds; round += 1) {
          try {
            await actors[name](scene)
            fight.rounds[name] = (fight.rounds[name] ?? 0) + 1
          } catch (error) {
            // Some of them were pruned since they were looked up.
            if (name !== 'resend' || error.kind !== 'validation_failed') fight.errors.push(name + ': ' + error.message)
          }
        }
      }
      await Promise.all([...Object.keys(actors), 'renew', 'record', 'resend'].map(act))
      return fight
    },
  }
}`

serverOnly(
  'Renewing, recording, resending and pruning the same deliveries at once never ends in a deadlock',
  async () => {
    const database = await createTestDatabase()
    // Room for all of them, and each deadlock is found at once.
    const url = `${database.env.DATABASE_URL}?options=-c%20deadlock_timeout%3D100ms`
    const core: Core = await openCore(
      { ...database, env: { ...database.env, DATABASE_URL: url } },
      { ownActs: FIGHT },
    )
    const endpointIds: number[] = []
    for (let nth = 0; nth < ENDPOINTS; nth += 1) {
      endpointIds.push(await core.createEndpoint(`http://127.0.0.1:9/${nth}`, 'post.created'))
    }
    const startedAt = Date.now()
    const fight = await core.run<Fight>('fight', { rounds: ROUNDS, events: EVENTS, endpointIds })
    const { rounds, recorded, pruned, errors } = fight
    report(
      `${JSON.stringify(rounds)} rounds in ${(Date.now() - startedAt) / 1000} s: ${recorded} attempts recorded, ${pruned} rows pruned`,
    )
    expect(errors).toEqual([])
    // Each has had something to do.
    expect(rounds).toMatchObject({
      claim: ROUNDS,
      renew: 2 * ROUNDS,
      record: 2 * ROUNDS,
      prune: ROUNDS,
    })
    expect(rounds.resend).toBeGreaterThan(ROUNDS / 4)
    expect(recorded).toBeGreaterThan(EVENTS * ENDPOINTS)
    expect(pruned).toBeGreaterThan(EVENTS)
    expect(await wrongCounts(core)).toEqual([])
    await core.close()
  },
)
