import { setTimeout as sleep } from 'node:timers/promises'
import { cpuOfBackends } from '../../database/backends'
import { insertPending } from '../../database/tables'
import { connected, query } from '../../databases'
import { startGateway } from '../../processes'
import { compareWithCalm, limit, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { median, percentile } from '../../statistics'
import { endpointTemplate } from '../endpoints'
import { latenciesOf } from '../idle-latency'
import { addEndpoints } from '../many-endpoints'
import { POST_CREATED } from '../posts'
import { type Receiver, startReceiver } from '../receiver'
import { Claims, SLOTS } from '../scale/claiming'

const WAITING = 'comment.created'
const SWITCHED_OFF = 'comment.deleted'
const HOUR_MS = 3_600_000
/** Share of the lanes that are switched off, beside those that wait for a retry. */
const OFF = 0.1
const CPU_MAX_PERCENT = 3
const CLAIM_MAX_MS = 10
const CLAIMS = 30
/** The worker looks at lanes that are new to it; afterwards it is idle. */
const SETTLED_BELOW = 0.03
const SETTLE_MS = 2_000
const SETTLE_WITHIN_MS = 60_000

/** What lanes cost that have something pending, of which nothing is due or everything is due. */
export async function idleLanes(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startReceiver(teardown)
  const content = { targets: [`${receiver.url}/hook`], events: [POST_CREATED] }
  const calm = await endpointTemplate(run, content)
  progress(`idle-lanes: inserting ${plan.lanes} endpoints`)
  const target = `${receiver.url}/waiting`
  const endpoints = await run.databases.create(calm.database)
  await addEndpoints(endpoints, { count: plan.lanes, type: WAITING, target, isActive: true })

  const idle = await run.databases.create(endpoints)
  await addEndpoints(idle, { count: plan.lanes * OFF, type: SWITCHED_OFF, target, isActive: false })
  await connected(idle, async (client) => {
    await insertPending(client, WAITING, HOUR_MS)
    await insertPending(client, SWITCHED_OFF, 0)
  })
  await query(idle, 'VACUUM ANALYZE')
  const cpu = await cpuWhileIdle(run, idle)
  const latencies = await latenciesBeside(run, { calm: calm.database, idle, receiver })
  await receiver.stop()
  const claims = await claimsOfDue(run, endpoints)
  const load = `${plan.lanes.toLocaleString('en-US')} lanes`
  const measurements = [
    measured(['CPU of the database, idle', 'gateway', `${load}, none due`], {
      unit: '%',
      rounds: [cpu * 100],
    }),
    measured(['publish to receive, p95', 'gateway', `${load}, none due`], {
      unit: 'ms',
      rounds: latencies.idle,
    }),
    measured(['publish to receive, p95', 'calm', 'no other lane'], { unit: 'ms', rounds: latencies.calm }),
    measured([`claim of ${SLOTS}`, 'gateway', `${load}, all due`], { unit: 'ms', rounds: claims }),
  ] as const
  limit(measurements[0], { most: CPU_MAX_PERCENT })
  compareWithCalm(measurements[1], measurements[2])
  limit(measurements[3], { most: CLAIM_MAX_MS })
  return [...measurements]
}

/** The share of a core (0 to 1) that the database uses for a gateway without anything to do. */
async function cpuWhileIdle(run: Run, database: string): Promise<number> {
  const gateway = await startGateway({ DATABASE_URL: database }, run.teardown)
  for (const until = performance.now() + SETTLE_WITHIN_MS; performance.now() < until; ) {
    if ((await cpuOfBackends(database, SETTLE_MS)) < SETTLED_BELOW) break
  }
  run.progress(`idle-lanes: an idle worker for ${run.plan.idleMs / 1_000} s`)
  const share = await cpuOfBackends(database, run.plan.idleMs)
  await gateway.stop()
  return share
}

interface Sides {
  calm: string
  idle: string
  receiver: Receiver
}

/** The p95 of each round, with a gateway of its own, so that the other one does not disturb the measurement. */
async function latenciesBeside(
  run: Run,
  { calm, idle, receiver }: Sides,
): Promise<{ calm: number[]; idle: number[] }> {
  const values = { calm: [] as number[], idle: [] as number[] }
  const measure = async (database: string) => {
    const gateway = await startGateway({ DATABASE_URL: database }, run.teardown)
    // The first looks at the lanes are not the idle state that is measured.
    await sleep(SETTLE_MS)
    const latencies = await latenciesOf(gateway.url, receiver, run.plan.latencyPublishes)
    await gateway.stop()
    return percentile(latencies, 0.95)
  }
  for (let round = 1; round <= run.plan.latencyRounds; round += 1) {
    run.progress(`idle-lanes: latency, round ${round} of ${run.plan.latencyRounds}`)
    values.calm.push(await measure(calm))
    values.idle.push(await measure(idle))
  }
  return values
}

/** The median of the claims of each round. Every lane has one delivery, which is due again after its claim. */
async function claimsOfDue({ plan, progress }: Run, database: string): Promise<number[]> {
  await connected(database, (client) => insertPending(client, WAITING, 0))
  await query(database, 'VACUUM ANALYZE')
  const claims = await Claims.open(database)
  const rounds: number[] = []
  for (let round = 0; round <= plan.engineRounds; round += 1) {
    progress(round === 0 ? 'idle-lanes: warming up claims' : `idle-lanes: claims, round ${round}`)
    const times: number[] = []
    for (let claim = 0; claim < CLAIMS; claim += 1) times.push(await claims.timeOne('aborted'))
    if (round > 0) rounds.push(median(times))
  }
  await claims.close()
  return rounds
}
