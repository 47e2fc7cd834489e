import { query } from '../databases'
import { startGateway, startYardstick } from '../processes'
import { compare, type Measurement, measured } from '../report/measurement'
import { profiling, type Run } from '../run'
import { endpointTemplate } from './endpoints'
import { drive } from './load'
import { checkSample } from './sample'
import { get, graphqlRead, graphqlUpdate, patch, type Target } from './target'

const ENDPOINTS = 400
const EVENTS = ['comment.created', 'post.created', 'user.created']
const CONNECTIONS = [20, 100]

/** Updates and reads of one endpoint, through every door and by every yardstick, in turn. */
export async function requests(run: Run): Promise<Measurement[]> {
  const { plan, say } = run
  say(`requests: starting the systems, ${ENDPOINTS} endpoints each`)
  const template = await endpointTemplate(run.databases, run.teardown, {
    targets: Array.from(
      { length: ENDPOINTS },
      (_, index) => `https://receiver-${index + 1}.example.com/hooks`,
    ),
    events: EVENTS,
  })
  const { targets, stop } = await startSystems(run, template.database)
  for (const target of targets) {
    const bytes = await checkSample(target, template.endpoints)
    say(`requests: ${target.what} of ${target.by} answers as it should, ${bytes} bytes`)
  }

  const ids = template.endpoints.map(({ id }) => id)
  say('requests: warming up')
  for (const target of targets) await drive(target, ids, CONNECTIONS[0] ?? 1, plan.warmUpSeconds)
  const rounds = new Map<string, number[]>()
  for (let round = 1; round <= plan.rounds; round += 1) {
    say(`requests: round ${round} of ${plan.rounds}`)
    for (const connections of CONNECTIONS) {
      for (const target of targets) {
        const key = keyOf(target, connections)
        rounds.set(key, [
          ...(rounds.get(key) ?? []),
          await drive(target, ids, connections, plan.roundSeconds),
        ])
      }
    }
  }
  await stop()
  return targets
    .flatMap((target) =>
      CONNECTIONS.map((connections) =>
        measured(
          [target.what, target.by, `${connections} connections`],
          '/s',
          rounds.get(keyOf(target, connections)) ?? [],
        ),
      ),
    )
    .map(judge)
}

const keyOf = ({ what, by }: Target, connections: number) => `${what}, ${by}, ${connections}`

/** Every system on a copy of its own of the same database, all of them running at once and driven one at a time. */
async function startSystems(
  run: Run,
  template: string,
): Promise<{ targets: Target[]; stop: () => Promise<unknown> }> {
  const { databases, teardown } = run
  const copy = async () => {
    const database = await databases.create(template)
    await query(database, 'VACUUM ANALYZE')
    return database
  }
  const yardstick = async (by: string, program: string, env: Record<string, string> = {}) => {
    const database = env.BEHIND === 'memory' ? undefined : await copy()
    const running = await startYardstick(
      program,
      { ...env, ...(database && { DATABASE_URL: database }) },
      teardown,
    )
    return { by, url: running.url, database, stop: running.stop }
  }
  const database = await copy()
  const running = await startGateway({ DATABASE_URL: database }, teardown, profiling(run))
  const gateway = { by: 'gateway', url: running.url, database, stop: running.stop }
  const bare = await yardstick('bare', 'bare')
  const apolloMemory = await yardstick('apollo-memory', 'apollo', {
    BEHIND: 'memory',
    EVENTS: EVENTS.join(','),
  })
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

/** What each kind of request of the gateway must reach of which yardstick. */
const BARS: Record<string, { what: string; by: string; least: number }[]> = {
  'update by GraphQL': [
    { what: 'update by PATCH', by: 'bare', least: 0.4 },
    { what: 'update by GraphQL', by: 'yoga-pothos-prisma', least: 1.8 },
    { what: 'update by GraphQL', by: 'apollo-update', least: 0.9 },
  ],
  'update by PATCH': [{ what: 'update by PATCH', by: 'bare', least: 0.55 }],
  'read by GraphQL': [{ what: 'read by GET', by: 'bare', least: 0.4 }],
  'read by GET': [{ what: 'read by GET', by: 'bare', least: 0.55 }],
}

/** Compares the gateway with the yardsticks that were under the same load, and those with `bare`. */
function judge(measurement: Measurement, _index: number, all: Measurement[]): Measurement {
  const find = (what: string, by: string) =>
    all.find((other) => other.what === what && other.by === by && other.at === measurement.at)
  if (measurement.by === 'gateway') {
    for (const { what, by, least } of BARS[measurement.what] ?? []) {
      const yardstick = find(what, by)
      if (yardstick) compare(measurement, yardstick, { least })
    }
  } else if (measurement.by !== 'bare') {
    const bare = find('update by PATCH', 'bare')
    if (bare) compare(measurement, bare)
  }
  return measurement
}
