import { AUTHORIZATION } from '../../api'
import { writeAttempts } from '../../database/tables'
import { query } from '../../databases'
import { startGateway } from '../../processes'
import { compare, type Measurement, measured } from '../../report/measurement'
import { profiling, type Run } from '../../run'
import { median } from '../../statistics'
import { endpointTemplate } from '../endpoints'

const EVENT_TYPE = 'post.created'
const DELIVERIES = 1_000
const ATTEMPTS_MAX_RATIO = 1.5
const PAGES = 40
const ROUNDS = 5

const QUERY = `query Attempts($id: ID!) {
  webhookAttemptPage(endpointId: $id) {
    totalCount
    nodes { id createdAt sentAt number requestBody requestSignatureHeader responseStatus responseBody event { id type } }
  }
}`

/** Milliseconds of reading the first page of an endpoint's attempts and their count, with very many attempts. */
export async function attemptScale(run: Run): Promise<Measurement[]> {
  const { plan, progress, teardown } = run
  const { small, large } = plan.attempts
  // The first endpoint has few attempts and the second has many, in one table behind one gateway.
  const content = {
    targets: [1, 2].map((id) => `https://receiver-${id}.example.com/hook`),
    events: [EVENT_TYPE],
  }
  const { database } = await endpointTemplate(run, content)
  progress(`attempts: writing ${small} and ${large} of them`)
  const written = { events: DELIVERIES, ageDays: 0 }
  await writeAttempts(database, [
    { ...written, endpointIds: [1], firstEvent: 1, attempts: small },
    { ...written, endpointIds: [2], firstEvent: 1 + DELIVERIES, attempts: large },
  ])
  await query(database, 'VACUUM ANALYZE')
  const gateway = await startGateway(
    { DATABASE_URL: database, HOOKGATE_ROLES: 'api' },
    teardown,
    profiling(run),
  )

  const reads = [
    { quantity: 'attempts, first page by GET', read: getPage },
    { quantity: 'attempts, first page by GraphQL', read: queryPage },
  ]
  const measurements: Measurement[] = []
  for (const { quantity, read } of reads) {
    progress(quantity)
    const few: number[] = []
    const many: number[] = []
    for (let round = 0; round <= ROUNDS; round += 1) {
      const times = { few: [] as number[], many: [] as number[] }
      for (let page = 0; page < PAGES; page += 1) {
        times.few.push(await timeOf(() => read(gateway.url, 1), small))
        times.many.push(await timeOf(() => read(gateway.url, 2), large))
      }
      // The first round warms up.
      if (round === 0) continue
      few.push(median(times.few))
      many.push(median(times.many))
    }
    const of = (count: number) => `${count.toLocaleString('en-US')} attempts`
    const yardstick = measured([quantity, of(small), 'one at a time'], { unit: 'ms', rounds: few })
    const measurement = measured([quantity, of(large), 'one at a time'], { unit: 'ms', rounds: many })
    compare(measurement, yardstick, { most: ATTEMPTS_MAX_RATIO })
    measurements.push(measurement, yardstick)
  }
  await gateway.stop()
  return measurements
}

interface Page {
  count: number
  size: number
}

async function getPage(url: string, endpointId: number): Promise<Page> {
  const response = await fetch(`${url}/api/v2/webhook/endpoint/${endpointId}/attempt/`, {
    headers: AUTHORIZATION,
  })
  const { count, results } = (await response.json()) as { count: number; results: unknown[] }
  return { count, size: results?.length }
}

async function queryPage(url: string, endpointId: number): Promise<Page> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...AUTHORIZATION },
    body: JSON.stringify({ query: QUERY, variables: { id: String(endpointId) } }),
  })
  const { data } = (await response.json()) as {
    data?: { webhookAttemptPage: { totalCount: number; nodes: unknown[] } }
  }
  return { count: data?.webhookAttemptPage.totalCount ?? 0, size: data?.webhookAttemptPage.nodes.length ?? 0 }
}

/** @throws Error when the read returns anything but the first page of the expected number */
async function timeOf(read: () => Promise<Page>, expected: number): Promise<number> {
  const startedAt = performance.now()
  const { count, size } = await read()
  const took = performance.now() - startedAt
  if (count !== expected || size !== 20) {
    throw new Error(`A page of ${size} of ${count} instead of ${expected}`)
  }
  return took
}
