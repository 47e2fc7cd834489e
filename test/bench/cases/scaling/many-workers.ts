import { setTimeout as sleep } from 'node:timers/promises'
import { inParallel } from '../../api'
import { callsOf, trackFunctions } from '../../database/costs'
import { startGateway } from '../../processes'
import { type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { percentile } from '../../statistics'
import { endpointTemplate } from '../endpoints'
import { latenciesOf } from '../idle-latency'
import { POST_CREATED } from '../posts'
import { type Receiver, startReceiver } from '../receiver'

const WORKERS = [1, 4, 8]

/**
 * How many claims an event costs, and how long it takes from publishing to receiving, with several workers that have nothing else
 * to do. One process serves the API.
 */
export async function manyWorkers(run: Run): Promise<Measurement[]> {
  const receiver = await startReceiver(run.teardown)
  const measurements: Measurement[] = []
  for (const workers of WORKERS) {
    run.progress(`many-workers: ${run.plan.publishes} events, ${workers} workers`)
    const { claims, latencies } = await drive(run, receiver, workers)
    const load = `${workers} workers, one event at a time`
    measurements.push(
      measured(['claims per event', 'gateway', load], { unit: 'ratio', rounds: [claims] }),
      measured(['publish to receive, p95', 'gateway', load], {
        unit: 'ms',
        rounds: [percentile(latencies, 0.95)],
      }),
    )
  }
  await receiver.stop()
  return measurements
}

async function drive(run: Run, receiver: Receiver, workers: number) {
  const { plan, teardown } = run
  const { database } = await endpointTemplate(run, {
    targets: [`${receiver.url}/hook`],
    events: [POST_CREATED],
  })
  await trackFunctions(database)
  const env = { DATABASE_URL: database }
  const api = await startGateway({ ...env, HOOKGATE_ROLES: 'api' }, teardown)
  const processes = await inParallel(Array.from({ length: workers }), () =>
    startGateway({ ...env, HOOKGATE_ROLES: 'worker' }, teardown),
  )
  const latencies = await latenciesOf(api.url, receiver, plan.publishes)
  // Sessions report their statistics when they end.
  await Promise.all([api, ...processes].map((process) => process.stop()))
  await sleep(500)
  const claims = (await callsOf(database, 'claim_deliveries')) / plan.publishes
  await run.databases.drop(database)
  return { claims, latencies }
}
