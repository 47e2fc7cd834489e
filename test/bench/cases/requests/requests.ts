import { query } from '../../databases'
import { startGateway, startYardstick } from '../../processes'
import { compare, type Measurement, measured } from '../../report/measurement'
import { profiling, type Run } from '../../run'
import { endpointTemplate, type TemplateContent } from '../endpoints'
import { drive } from './load'
import { checkSample } from './sample'
import { storeInDatabase } from './store'
import { type EndpointTarget, get, graphqlRead, graphqlUpdate, patch } from './target'

const ENDPOINTS = 400
const EVENTS = ['comment.created', 'post.created', 'user.created']
const CONNECTIONS = [20, 100]

/** The endpoints that the requests read and write. */
export const REQUESTED: TemplateContent = {
  targets: Array.from({ length: ENDPOINTS }, (_, index) => `https://receiver-${index + 1}.example.com/hooks`),
  events: EVENTS,
}

/** Updates and reads of one endpoint by GraphQL and REST, of the gateway and of every yardstick in turn. */
export async function requests(run: Run): Promise<Measurement[]> {
  const { plan, progress } = run
  progress(`requests: starting the systems, ${ENDPOINTS} endpoints each`)
  const template = await endpointTemplate(run, REQUESTED)
  const { targets, stop } = await startSystems(run, template.database)
  for (const target of targets) {
    const bytes = await checkSample(target, template.endpoints)
    progress(`requests: ${target.operation} of ${target.system} answers correctly, ${bytes} bytes`)
  }

  const ids = template.endpoints.map(({ id }) => id)
  progress('requests: warming up')
  for (const target of targets) {
    await drive(target, { ids, connections: CONNECTIONS[0] ?? 1, seconds: plan.warmUpSeconds })
  }
  const rounds = new Map<string, number[]>()
  for (let round = 1; round <= plan.rounds; round += 1) {
    progress(`requests: round ${round} of ${plan.rounds}`)
    for (const connections of CONNECTIONS) {
      for (const target of targets) {
        const rate = await drive(target, { ids, connections, seconds: plan.roundSeconds })
        const key = keyOf(target, connections)
        rounds.set(key, [...(rounds.get(key) ?? []), rate])
      }
    }
  }
  await stop()
  return targets
    .flatMap((target) =>
      CONNECTIONS.map((connections) =>
        measured([target.operation, target.system, loadOf(connections)], {
          unit: '/s',
          rounds: rounds.get(keyOf(target, connections)) ?? [],
        }),
      ),
    )
    .map(withComparisons)
}

const loadOf = (connections: number) => `${connections} connections`

const keyOf = ({ operation, system }: EndpointTarget, connections: number) =>
  `${operation}, ${system}, ${connections}`

/** Starts every system on a copy of its own of the same database. All run at once; one at a time is driven. */
async function startSystems(
  run: Run,
  template: string,
): Promise<{ targets: EndpointTarget[]; stop: () => Promise<unknown> }> {
  const { databases, teardown } = run
  const copy = async () => {
    const database = await databases.create(template)
    await query(database, 'VACUUM ANALYZE')
    return database
  }
  const yardstick = async (system: string, program: string, env: Record<string, string> = {}) => {
    const database = env.BEHIND === 'memory' ? undefined : await copy()
    const running = await startYardstick(
      program,
      { ...env, ...(database && { DATABASE_URL: database }) },
      teardown,
    )
    const store = database === undefined ? undefined : storeInDatabase(database)
    return { system, url: running.url, store, stop: running.stop }
  }
  const database = await copy()
  const running = await startGateway({ DATABASE_URL: database }, teardown, profiling(run))
  const store = storeInDatabase(database)
  const gateway = { system: 'gateway', url: running.url, store, stop: running.stop }
  const bare = await yardstick('bare', 'bare')
  const memory = { BEHIND: 'memory', EVENTS: EVENTS.join(',') }
  const apolloMemory = await yardstick('apollo-memory', 'apollo', memory)
  const apolloUpdate = await yardstick('apollo-update', 'apollo')
  const yoga = await yardstick('yoga-pothos-prisma', 'yoga')
  const mercurius = await yardstick('mercurius-pg', 'mercurius')
  const systems = [gateway, bare, apolloMemory, apolloUpdate, yoga, mercurius]
  return {
    targets: [
      graphqlUpdate(gateway),
      patch(gateway),
      patch(bare, '/endpoint/'),
      graphqlUpdate(apolloUpdate),
      graphqlUpdate(apolloMemory),
      graphqlUpdate(yoga),
      graphqlUpdate(mercurius),
      graphqlRead(gateway),
      get(gateway),
      get(bare, '/endpoint/'),
    ],
    stop: () => Promise.all(systems.map((system) => system.stop())),
  }
}

/** The least ratio to a yardstick. */
interface YardstickBar {
  operation: string
  system: string
  /** undefined = for information only */
  least: number | undefined
  /** the least ratio under the load of 100 connections, where it is another */
  leastAt100?: number
}

/** The least ratios to the yardsticks, for each operation of the gateway. */
const BARS: Record<string, YardstickBar[]> = {
  'update by GraphQL': [
    { operation: 'update by PATCH', system: 'bare', least: 0.4 },
    { operation: 'update by GraphQL', system: 'yoga-pothos-prisma', least: 1.8 },
    { operation: 'update by GraphQL', system: 'apollo-update', least: 0.9, leastAt100: 0.95 },
    { operation: 'update by GraphQL', system: 'mercurius-pg', least: undefined, leastAt100: 0.95 },
  ],
  'update by PATCH': [{ operation: 'update by PATCH', system: 'bare', least: 0.55 }],
  'read by GraphQL': [{ operation: 'read by GET', system: 'bare', least: 0.4 }],
  'read by GET': [{ operation: 'read by GET', system: 'bare', least: 0.55 }],
}

/** Compares the gateway with the yardsticks under the same load, and the yardsticks with `bare`. */
function withComparisons(measurement: Measurement, _index: number, all: Measurement[]): Measurement {
  const find = (quantity: string, system: string) =>
    all.find(
      (other) => other.quantity === quantity && other.system === system && other.load === measurement.load,
    )
  if (measurement.system === 'gateway') {
    for (const { operation, system, ...bars } of BARS[measurement.quantity] ?? []) {
      const yardstick = find(operation, system)
      const least = (measurement.load === loadOf(100) ? bars.leastAt100 : undefined) ?? bars.least
      if (yardstick) compare(measurement, yardstick, { least })
    }
  } else if (measurement.system !== 'bare') {
    const bare = find('update by PATCH', 'bare')
    if (bare) compare(measurement, bare)
  }
  return measurement
}
