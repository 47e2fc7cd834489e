import { setTimeout as sleep } from 'node:timers/promises'
import { publishMany } from '../../database/tables'
import { connected, query } from '../../databases'
import { startGateway } from '../../processes'
import { compare, limit, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { median } from '../../statistics'
import { backlogOf } from '../deliveries/backlog'
import { ENDPOINTS } from '../deliveries/published'
import { endpointTemplate } from '../endpoints'
import { whileReadingMemory } from '../memory-of'
import { startReceiver } from '../receiver'
import { Claims, SLOTS } from './claiming'

/** Claims on each database in one round; the databases take turns. */
const CLAIMS = 40
const ROUNDS = 5
const CLAIM_RATIO_MAX = 1.2
const MEMORY_MAX_MB = 300
/** How long the memory of a worker with the large backlog is read. */
const WATCH_MS = 20_000
const WATCH_EVERY_MS = 200

/** The time of a claim, and the memory of a worker, with very many pending deliveries. */
export async function claimScale(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startReceiver(teardown)
  const targets = Array.from({ length: ENDPOINTS }, (_, index) => `${receiver.url}/hook/${index + 1}`)
  const template = await endpointTemplate(run, { targets, events: ['post.created'] })
  const fill = async (pending: number) => {
    progress(`claims: ${pending} deliveries pending`)
    const database = await run.databases.create(template.database)
    await connected(database, (client) => publishMany(client, backlogOf(pending)))
    await query(database, 'VACUUM ANALYZE')
    return database
  }
  const databases = { small: await fill(plan.pending.small), large: await fill(plan.pending.large) }
  const claims = { small: await Claims.open(databases.small), large: await Claims.open(databases.large) }
  const rounds = { small: [] as number[], large: [] as number[] }
  for (let round = 0; round <= ROUNDS; round += 1) {
    progress(round === 0 ? 'claims: warming up' : `claims: round ${round} of ${ROUNDS}`)
    const times = { small: [] as number[], large: [] as number[] }
    for (let claim = 0; claim < CLAIMS; claim += 1) {
      times.small.push(await claims.small.timeOne('delivered'))
      times.large.push(await claims.large.timeOne('delivered'))
      // The backlogs keep their length.
      await refill(databases.small)
      await refill(databases.large)
    }
    if (round === 0) continue
    rounds.small.push(median(times.small))
    rounds.large.push(median(times.large))
  }
  await Promise.all([claims.small.close(), claims.large.close()])

  const of = (pending: number) => `${pending.toLocaleString('en-US')} pending`
  const small = measured([`claim of ${SLOTS}`, of(plan.pending.small), `${ENDPOINTS} endpoints`], {
    unit: 'ms',
    rounds: rounds.small,
  })
  const large = measured([`claim of ${SLOTS}`, of(plan.pending.large), `${ENDPOINTS} endpoints`], {
    unit: 'ms',
    rounds: rounds.large,
  })
  compare(large, small, { most: CLAIM_RATIO_MAX })
  progress(`claims: a worker on ${plan.pending.large} for ${WATCH_MS / 1_000} s`)
  const memory = await memoryOfWorker(run, databases.large)
  await receiver.stop()
  const rss = measured(
    ['memory of a worker, highest', of(plan.pending.large), `${WATCH_MS / 1_000} s of delivering`],
    { unit: 'MB', rounds: memory, result: Math.max(...memory) },
  )
  limit(rss, { most: MEMORY_MAX_MB })
  return [large, small, rss]
}

/** Publishes as many deliveries as a claim takes. */
const refill = (database: string) => connected(database, (client) => publishMany(client, backlogOf(SLOTS)))

/** The resident memory of a worker with a large backlog, in MB, read at intervals. */
async function memoryOfWorker({ teardown }: Run, database: string): Promise<number[]> {
  const worker = await startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'worker' }, teardown)
  const { values } = await whileReadingMemory(worker, WATCH_EVERY_MS, () => sleep(WATCH_MS))
  await worker.stop()
  return values
}
