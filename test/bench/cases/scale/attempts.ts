import { AUTHORIZATION } from '../../api'
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
  webhookAttempts(endpointId: $id) {
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
  await fill(database, [
    { endpointId: 1, count: small },
    { endpointId: 2, count: large },
  ])
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
    data?: { webhookAttempts: { totalCount: number; nodes: unknown[] } }
  }
  return { count: data?.webhookAttempts.totalCount ?? 0, size: data?.webhookAttempts.nodes.length ?? 0 }
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

/**
 * Writes attempts as after weeks of use: 0.2 s apart, spread over the deliveries in order. To save time, the indexes are
 * dropped and built again afterwards, and foreign keys are not checked; the resulting table is the same.
 */
async function fill(database: string, endpoints: { endpointId: number; count: number }[]): Promise<void> {
  const indexes = await query<{ name: string; definition: string }>(database, INDEXES)
  const statements = [
    "SET session_replication_role = replica; SET maintenance_work_mem = '256MB'",
    ...indexes.map(({ name }) => `DROP INDEX ${name}`),
    ...endpoints.flatMap(({ endpointId, count }) => fillOne(endpointId, count)),
    ...indexes.map(({ definition }) => definition),
  ]
  await query(database, statements.join(';\n'))
  await query(database, 'VACUUM ANALYZE')
}

const INDEXES = `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
  FROM pg_index WHERE indrelid = 'attempts'::regclass AND NOT indisprimary`

/** @param endpointId also separates the ids of its events and deliveries from those of the other endpoint */
const fillOne = (endpointId: number, count: number) => [
  `INSERT INTO events (id, type, body)
    SELECT ${endpointId} * 1000000 + number, '${EVENT_TYPE}', '{"event_id": ' || number || ', "data": {}}'
    FROM generate_series(1, ${DELIVERIES}) AS number`,
  `INSERT INTO deliveries (id, event_id, endpoint_id, status, attempt_count, tries)
    SELECT id, id, ${endpointId}, 'DELIVERED', 1, 1 FROM events WHERE id / 1000000 = ${endpointId}`,
  `INSERT INTO attempts (delivery_id, event_id, endpoint_id, number, created_at, sent_at, signature_header,
      response_status, response_body, duration_ms)
    SELECT delivery, delivery, ${endpointId}, 1, at, at, 't=1,v1=' || repeat('0', 64), 200, 'thank you', 12
    FROM (
      SELECT ${endpointId} * 1000000 + 1 + number * ${DELIVERIES} / ${count + 1} AS delivery,
        now() - make_interval(secs => (${count} - number) * 0.2) AS at
      FROM generate_series(1, ${count}::bigint) AS number
    ) made`,
  `INSERT INTO attempt_counts (endpoint_id, count) VALUES (${endpointId}, ${count})`,
]
