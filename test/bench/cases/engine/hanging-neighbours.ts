import { inParallel, rest } from '../../api'
import { startGateway } from '../../processes'
import { compareWithCalm, limit, type Measurement, measured } from '../../report/measurement'
import type { Run } from '../../run'
import { percentile } from '../../statistics'
import { endpointTemplate, type Template } from '../endpoints'
import { latenciesOf } from '../idle-latency'
import { POST_CREATED, publishPosts } from '../posts'
import { type Receiver, startReceiver } from '../receiver'
import { HEALTHY_NAME, type Neighbours, startNeighbours } from './neighbours'

/** The type that the bad neighbours alone listen to. */
const STORM = 'comment.created'
const WARM_UP = 10
const ARRIVE_WITHIN_MS = 60_000
const PAGE = 100

/** Publish to receive of a healthy endpoint, while everything beside it hangs, compared with nothing to send beside it. */
export async function hangingNeighbours(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const receiver = await startReceiver(teardown)
  const neighbours = await startNeighbours(teardown)
  const port = new URL(receiver.url).port
  const template = await endpointTemplate(run, {
    targets: [`http://${HEALTHY_NAME}:${port}/hook`],
    events: [POST_CREATED],
    async prepare(url) {
      const json = { events: [{ type: STORM }] }
      await inParallel(neighbours.targets, (target) =>
        rest(url, { method: 'POST', path: 'endpoint/', json: { ...json, target } }),
      )
    },
  })
  const rounds = { calm: [] as number[], storm: [] as number[] }
  const lost: number[] = []
  for (let round = 1; round <= plan.latencyRounds; round += 1) {
    progress(`hanging-neighbours: round ${round} of ${plan.latencyRounds}`)
    const calm = await measure(run, { receiver, neighbours, template, events: 0 })
    const storm = await measure(run, { receiver, neighbours, template, events: plan.stormEvents })
    rounds.calm.push(calm.p95)
    rounds.storm.push(storm.p95)
    lost.push(storm.lostTries)
  }
  await receiver.stop()
  return measurements(neighbours.targets.length, rounds, lost)
}

function measurements(
  count: number,
  { calm, storm }: { calm: number[]; storm: number[] },
  lost: number[],
): Measurement[] {
  const quantity = 'publish to receive, p95'
  const load = `${count} neighbours that hang`
  const yardstick = measured([quantity, 'calm', 'nothing to send beside'], { unit: 'ms', rounds: calm })
  const measurement = measured([quantity, 'healthy endpoint', load], { unit: 'ms', rounds: storm })
  compareWithCalm(measurement, yardstick)
  const tries = measured(['lost tries', 'healthy endpoint', load], {
    unit: '',
    rounds: lost,
    result: Math.max(...lost),
  })
  limit(tries, { most: 0 })
  return [measurement, yardstick, tries]
}

interface Round {
  receiver: Receiver
  neighbours: Neighbours
  template: Template
  /** for the neighbours, published all at once */
  events: number
}

async function measure(
  run: Run,
  { receiver, neighbours, template, events }: Round,
): Promise<{ p95: number; lostTries: number }> {
  const database = await run.databases.create(template.database)
  const env = { DATABASE_URL: database, HOOKGATE_DNS_SERVERS: neighbours.nameServer }
  const gateway = await startGateway(env, run.teardown)
  await latenciesOf(gateway.url, receiver, WARM_UP)
  await publishPosts(gateway.url, events, STORM)
  const { latencyPublishes, stormPublishes } = run.plan
  const publishes = events === 0 ? latencyPublishes : stormPublishes
  const options = { warmUp: 0, arriveWithinMs: ARRIVE_WITHIN_MS, countsLate: true }
  const latencies = await latenciesOf(gateway.url, receiver, publishes, options)
  const lostTries = await countFailures(gateway.url)
  // Nobody waits for the sends that hang.
  gateway.process.kill('SIGKILL')
  await gateway.stop()
  await run.databases.drop(database)
  return { p95: percentile(latencies, 0.95), lostTries }
}

/** The attempts of the healthy endpoint that nothing with status 200 answered. */
async function countFailures(url: string): Promise<number> {
  let failures = 0
  for (let offset = 0; ; offset += PAGE) {
    const path = `endpoint/1/attempt/?limit=${PAGE}&offset=${offset}`
    const { results } = await rest<{ results: { http_response_code: number | null }[] }>(url, {
      method: 'GET',
      path,
    })
    failures += results.filter((attempt) => attempt.http_response_code !== 200).length
    if (results.length < PAGE) return failures
  }
}
