import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { activeMs } from '../../database/backends'
import { closePartition, oldestEvent, writeAttempts } from '../../database/tables'
import { connected, query } from '../../databases'
import { startGateway } from '../../processes'
import { limit, type Measurement, measured } from '../../report/measurement'
import type { Case } from '../../run'
import { ENDPOINTS } from '../deliveries/published'
import { endpointTemplate } from '../endpoints'
import { whileReadingMemory } from '../memory-of'
import { POST_CREATED } from '../posts'

const RECENT = 10_000
/** Each event goes to all endpoints, in several attempts. All old ones fit into one partition. */
const ATTEMPTS_PER_EVENT = 100
const OLD_DAYS = 40
const DATABASE_SECONDS_MAX = 5
const RISE_MAX_MB = 20
const POLL_MS = 250
/** Retention starts some time after the start, and may take so long in all. */
const WITHIN_MS = 240_000
/** The server's processes report the times of their last statements when they end. */
const REPORTED_MS = 1_500

/**
 * The time that the database spends on removing old attempts, and the memory of the process.
 *
 * @param form which of the plan's sizes
 */
export const retention =
  (form: 'small' | 'large'): Case =>
  async (run) => {
    const { plan, progress, teardown } = run
    const old = plan.oldAttempts[form]
    const endpointIds = Array.from({ length: ENDPOINTS }, (_, index) => index + 1)
    const targets = endpointIds.map((id) => `https://receiver-${id}.example.com/hook`)
    const { database } = await endpointTemplate(run, { targets, events: [POST_CREATED] })
    progress(`retention: writing ${old} attempts`)
    const written = (attempts: number) => ({
      endpointIds,
      events: attempts / ATTEMPTS_PER_EVENT,
      attempts: attempts / ENDPOINTS,
    })
    await writeAttempts(database, [{ ...written(old), firstEvent: 1, ageDays: OLD_DAYS }])
    const firstEvent = await closePartition(database, OLD_DAYS)
    await writeAttempts(database, [{ ...written(RECENT), firstEvent, ageDays: 0 }])
    await query(database, 'VACUUM ANALYZE')
    progress('retention: waiting for the gateway to remove them')
    const gateway = await startGateway({ DATABASE_URL: database }, teardown)
    const startMs = await activeMs(database)
    const { result, values } = await whileReadingMemory(gateway, POLL_MS, (values) =>
      connected(database, (client) => untilRemoved(client, old / ATTEMPTS_PER_EVENT, values)),
    )
    await gateway.stop()
    await sleep(REPORTED_MS)
    const seconds = ((await activeMs(database)) - startMs) / 1_000
    const during = values.slice(result.startedAt)
    return measurements(old, {
      // Where the time was over before everything was removed: as long as the rest would take.
      seconds: (seconds * old) / ATTEMPTS_PER_EVENT / result.removed,
      rise: Math.max(...during) - (during[0] ?? Number.NaN),
    })
  }

function measurements(old: number, { seconds, rise }: { seconds: number; rise: number }): Measurement[] {
  const load = `${old.toLocaleString('en-US')} attempts`
  const time = measured(['retention, time of the database', 'gateway', load], {
    unit: 's',
    rounds: [seconds],
  })
  const memory = measured(['retention, rise of memory', 'gateway', load], { unit: 'MB', rounds: [rise] })
  limit(time, { most: DATABASE_SECONDS_MAX })
  limit(memory, { most: RISE_MAX_MB })
  return [time, memory]
}

/**
 * Waits until the attempts of the old events are gone, or until the time is over.
 *
 * @param old number of old events
 * @param values of the memory, to which a sampler adds
 * @returns how many are gone, and the index of the last value before the first was gone
 * @throws Error when none is gone
 */
async function untilRemoved(
  client: Client,
  old: number,
  values: number[],
): Promise<{ removed: number; startedAt: number }> {
  const first = (await oldestEvent(client)) ?? 0
  const until = performance.now() + WITHIN_MS
  let startedAt = 0
  let removed = 0
  while (removed < old && performance.now() < until) {
    await sleep(POLL_MS)
    removed = Math.min(old, ((await oldestEvent(client)) ?? Number.POSITIVE_INFINITY) - first)
    if (removed === 0) startedAt = Math.max(0, values.length - 1)
  }
  if (removed === 0) throw new Error(`Of ${old} old events none was removed`)
  return { removed, startedAt }
}
