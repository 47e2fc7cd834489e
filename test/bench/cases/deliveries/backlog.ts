import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { publishMany, recordedAttempts } from '../../database/tables'
import { connected, query } from '../../databases'
import { type Running, startGateway } from '../../processes'
import type { Run } from '../../run'
import { endpointTemplate, type Template } from '../endpoints'
import { POST_CREATED, post, publishPosts } from '../posts'
import type { Receiver } from '../receiver'
import { ENDPOINTS } from './published'

const POLL_MS = 50
/** Events before the backlog: they open the connections, compile the code, and let the database keep plans for small tables. */
const FIRST_EVENTS = 40
const FIRST_WITHIN_MS = 30_000

/** How many attempts are on record at an instant, in milliseconds. */
export interface Reading {
  at: number
  recorded: number
}

/** A gateway that delivers, and how its records grow. */
export interface Delivering {
  database: string
  gateway: Running
  client: Client
}

/** A database with 20 endpoints and nothing to deliver. */
export const emptyQueue = (run: Run, receiver: Receiver): Promise<Template> =>
  endpointTemplate(run, {
    targets: Array.from({ length: ENDPOINTS }, (_, index) => `${receiver.url}/hook/${index + 1}`),
    events: [POST_CREATED],
  })

/** Starts a gateway on a copy of the template, lets it deliver some events, measures, and removes everything. */
export async function whileDelivering<Result>(
  run: Run,
  template: Template,
  measure: (delivering: Delivering) => Promise<Result>,
): Promise<Result> {
  const database = await run.databases.create(template.database)
  const gateway = await startGateway({ DATABASE_URL: database }, run.teardown)
  const result = await connected(database, (client) => measure({ database, gateway, client }))
  await gateway.stop()
  await run.databases.drop(database)
  return result
}

/** Publishes some events through the API, a few at a time, and waits until they are on record. */
export async function deliverSome({ gateway, client }: Delivering): Promise<void> {
  const before = await recordedAttempts(client)
  for (let event = 0; event < FIRST_EVENTS; event += 4) {
    await publishPosts(gateway.url, 4)
    await sleep(POLL_MS)
  }
  const expected = before + FIRST_EVENTS * ENDPOINTS
  for (const until = performance.now() + FIRST_WITHIN_MS; (await recordedAttempts(client)) < expected; ) {
    if (performance.now() > until) throw new Error('The first deliveries were not recorded in time')
    await sleep(POLL_MS)
  }
}

/**
 * Publishes so many deliveries in one transaction, so that they all fall due at once.
 *
 * @param beforeCommit runs in the transaction
 */
export async function publishAtOnce(
  { client }: Delivering,
  pending: number,
  beforeCommit: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  await client.query('BEGIN')
  await publishMany(client, backlogOf(pending))
  await beforeCommit()
  await client.query('COMMIT')
}

/** Events for so many deliveries to 20 endpoints. */
export const backlogOf = (deliveries: number) => ({
  type: POST_CREATED,
  data: JSON.stringify(post(1)),
  count: Math.round(deliveries / ENDPOINTS),
})

/** Reads the records until there are so many more, or until the time is over. The first reading is the beginning. */
export async function readRecords(
  { client }: Delivering,
  more: number,
  withinMs: number,
): Promise<Reading[]> {
  const read = async (): Promise<Reading> => ({
    recorded: await recordedAttempts(client),
    at: performance.now(),
  })
  const first = await read()
  const readings = [first]
  for (let last = first; last.recorded < first.recorded + more && last.at < first.at + withinMs; ) {
    await sleep(POLL_MS)
    last = await read()
    readings.push(last)
  }
  return readings
}

/** Records per second from the first reading with so many more than at the beginning until the first with `to` more. */
export function rateBetween(readings: Reading[], from: number, to: number): number {
  const beginning = readings[0]?.recorded ?? 0
  const after = (more: number) =>
    readings.find(({ recorded }) => recorded >= beginning + more) ?? readings.at(-1)
  const [start, end] = [after(from), after(to)]
  if (!start || !end || end.at <= start.at) return 0
  return ((end.recorded - start.recorded) / (end.at - start.at)) * 1_000
}

/** Collects the statistics of all tables. */
export const analyze = (database: string) => query(database, 'ANALYZE')
