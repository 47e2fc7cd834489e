import { setTimeout as sleep } from 'node:timers/promises'
import { inParallel, rest } from '../../api'
import { openConnections } from '../../database/backends'
import { startGateway } from '../../processes'
import { compare, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { ENDPOINTS, publish } from '../deliveries/published'
import { driveWorkers } from '../deliveries/workers'
import { endpointTemplate, type Template } from '../endpoints'
import { POST_CREATED, post } from '../posts'
import { startReceiver } from '../receiver'

/** The first one is the yardstick. */
const CONNECTIONS = [10, 3, 4, 5, 6, 8]
const CLIENTS = 40

/** Deliveries of one worker, and publishes by one API process, with so many connections to the database. */
export async function connections(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startReceiver(teardown)
  progress(`connections: publishing ${plan.events} events for ${ENDPOINTS} endpoints`)
  const published = await publish(run, receiver)
  const template = await endpointTemplate(run, { targets: [`${receiver.url}/hook`], events: [POST_CREATED] })
  const delivered = new Map<number, number[]>(CONNECTIONS.map((count) => [count, []]))
  const accepted = new Map<number, number[]>(CONNECTIONS.map((count) => [count, []]))
  for (let round = 1; round <= plan.deliveryRounds; round += 1) {
    for (const count of round % 2 === 1 ? CONNECTIONS : [...CONNECTIONS].reverse()) {
      progress(`connections: round ${round} of ${plan.deliveryRounds}, ${count} connections`)
      const env = { HOOKGATE_DATABASE_CONNECTIONS: String(count) }
      const { recorded } = await driveWorkers(run, { receiver, published, workers: 1, env })
      delivered.get(count)?.push(recorded)
      accepted.get(count)?.push(await publishRate(run, template, count))
    }
  }
  await receiver.stop()
  return [
    ...rows('deliveries, recorded', '1 worker', delivered),
    ...rows('publish by REST', `${CLIENTS} clients`, accepted),
  ]
}

function rows(quantity: string, load: string, rates: Map<number, number[]>): Measurement[] {
  const all = [...rates].map(([count, rounds]) =>
    measured([quantity, `${count} connections`, load], { unit: '/s', rounds }),
  )
  const [yardstick, ...others] = all
  for (const measurement of others) if (yardstick) compare(measurement, yardstick)
  return all
}

/** Events per second that one process accepts, without a worker. */
async function publishRate(run: Run, { database: template }: Template, count: number): Promise<number> {
  const { plan, databases, teardown } = run
  const database = await databases.create(template)
  const env = { HOOKGATE_ROLES: 'api', HOOKGATE_DATABASE_CONNECTIONS: String(count) }
  const api = await startGateway({ DATABASE_URL: database, ...env }, teardown)
  const until = (seconds: number) => {
    const end = performance.now() + seconds * 1_000
    return inParallel(
      Array.from({ length: CLIENTS }),
      async () => {
        let published = 0
        for (; performance.now() < end; published += 1) {
          const json = { type: POST_CREATED, data: post(published) }
          await rest(api.url, { method: 'POST', path: 'event/', json })
        }
        return published
      },
      CLIENTS,
    )
  }
  await until(plan.warmUpSeconds)
  const startedAt = performance.now()
  const counts = await until(plan.roundSeconds * 2)
  const rate = (counts.reduce((sum, each) => sum + each, 0) / (performance.now() - startedAt)) * 1_000
  const open = await openConnections(database)
  if (open > count) throw new Error(`${open} connections are open, the limit is ${count}`)
  await api.stop()
  await sleep(100)
  await databases.drop(database)
  return rate
}
