import { inParallel, rest } from '../../api'
import { startGateway } from '../../processes'
import { limit, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { ENDPOINTS } from '../deliveries/published'
import { endpointTemplate } from '../endpoints'
import { whileReadingMemory } from '../memory-of'
import { POST_CREATED } from '../posts'
import { startReceiver } from '../receiver'

const BODY_BYTES = 200 * 1_024
const ANSWER_BYTES = 64 * 1_024
/** Long enough that all 200 sends are in flight at once. */
const ANSWER_AFTER_MS = 300
const MEMORY_MAX_MB = 300
const SAMPLE_EVERY_MS = 50
const DELIVERED_WITHIN_MS = 180_000

/** The memory of a worker that sends large bodies and gets large answers. */
export async function largeBodies(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startReceiver(teardown, { bytes: ANSWER_BYTES, afterMs: ANSWER_AFTER_MS })
  progress(`memory: publishing ${plan.largeEvents} events of ${BODY_BYTES / 1_024} KB`)
  const { database } = await endpointTemplate(run, {
    targets: Array.from({ length: ENDPOINTS }, (_, index) => `${receiver.url}/hook/${index + 1}`),
    events: [POST_CREATED],
    prepare: (url) => publishLarge(url, plan.largeEvents),
  })
  progress('memory: delivering them')
  const worker = await startGateway({ DATABASE_URL: database, HOOKGATE_ROLES: 'worker' }, teardown)
  const { values } = await whileReadingMemory(worker, SAMPLE_EVERY_MS, () =>
    receiver.waitFor(plan.largeEvents * ENDPOINTS, DELIVERED_WITHIN_MS),
  )
  await worker.stop()
  await receiver.stop()
  const load = '200 in flight, bodies of 200 KB, answers of 64 KB'
  const row = measured(['memory of a worker, highest', 'gateway', load], {
    unit: 'MB',
    rounds: values,
    result: Math.max(...values),
  })
  limit(row, { most: MEMORY_MAX_MB })
  return [row]
}

async function publishLarge(url: string, count: number): Promise<void> {
  const data = { text: 'x'.repeat(BODY_BYTES) }
  const json = { type: POST_CREATED, data }
  await inParallel(
    Array.from({ length: count }),
    () => rest(url, { method: 'POST', path: 'event/', json }),
    4,
  )
}
