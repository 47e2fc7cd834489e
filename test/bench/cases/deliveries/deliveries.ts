import { compare, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { startReceiver } from '../receiver'
import { driveLoop } from './loop'
import { ENDPOINTS, publish } from './published'
import { driveQueue, QUEUES, type QueueYardstick } from './queues'
import { findRedis } from './redis'
import { driveWorkers, type Rates } from './workers'

const REPLICAS = [2, 4]
const LOOP_LEAST = 0.5

/** Deliveries per second that are sent and recorded, compared with queues that do the same, and with a loop that only sends. */
export async function deliveries(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const redis = await findRedis(teardown)
  const receiver = await startReceiver(teardown)
  progress(`deliveries: publishing ${plan.events} events for ${ENDPOINTS} endpoints`)
  const published = await publish(run, receiver)

  const loop: number[] = []
  const worker: Rates[] = []
  const queues = new Map<QueueYardstick, number[]>(QUEUES.map((queue) => [queue, []]))
  const replicas = new Map<number, Rates[]>(REPLICAS.map((count) => [count, []]))
  for (let round = 1; round <= Math.max(plan.deliveryRounds, plan.replicaRounds); round += 1) {
    progress(`deliveries: round ${round}`)
    if (round <= plan.deliveryRounds) {
      loop.push(await driveLoop(run, receiver, published))
      worker.push(await driveWorkers(run, { receiver, published, workers: 1 }))
      for (const [queue, rates] of queues) {
        rates.push(await driveQueue(run, queue, { receiver, published, redis }))
      }
    }
    if (round > plan.replicaRounds) continue
    for (const workers of REPLICAS) {
      replicas.get(workers)?.push(await driveWorkers(run, { receiver, published, workers }))
    }
  }
  await receiver.stop()
  return measurements({ loop, worker, queues, replicas })
}

interface Results {
  loop: number[]
  worker: Rates[]
  queues: Map<QueueYardstick, number[]>
  replicas: Map<number, Rates[]>
}

function measurements({ loop, worker, queues, replicas }: Results): Measurement[] {
  const load = (workers: number) =>
    workers === 1 ? '200 in flight, 1 worker' : `${workers} workers, none sent twice`
  const recorded = (rates: Rates[], workers: number) =>
    measured(['deliveries, recorded', 'gateway', load(workers)], {
      unit: '/s',
      rounds: rates.map((rate) => rate.recorded),
    })
  const bare = measured(['deliveries', 'undici-loop', '200 in flight'], { unit: '/s', rounds: loop })
  const one = recorded(worker, 1)
  compare(one, bare, { least: LOOP_LEAST })
  const rivals = [...queues].map(([{ system, load, least }, rounds]) => {
    const rival = measured(['deliveries, recorded', system, load], { unit: '/s', rounds })
    compare(one, rival, { least })
    return rival
  })
  const several = REPLICAS.map((count) => recorded(replicas.get(count) ?? [], count))
  for (const measurement of several) compare(measurement, { ...one, system: '1 worker' })
  const received = measured(['deliveries, received', 'gateway', load(1)], {
    unit: '/s',
    rounds: worker.map((rate) => rate.received),
  })
  compare(received, bare)
  return [one, received, ...rivals, bare, ...several]
}
