import { setTimeout as sleep } from 'node:timers/promises'
import { arrivedAtAll, closeAll, expectDelivered, publishUntilAcknowledged } from '../support/crashes'
import { LIST } from '../support/endpoint-documents'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { atEnd } from '../support/leftovers'
import { startPrivatePostgres } from '../support/private-postgres'
import { startReceiver } from '../support/receiver'
import { report } from '../support/report'
import { privateServerOnly } from '../support/server-only'
import { until } from '../support/until'

const EVENTS = 1_200
const AWAY_MS = 10_000

/** Counts the statuses of the answers to every kind of caller. */
interface Witness {
  seen: Record<'rest' | 'graphql' | 'readyz' | 'healthz', Map<number, number>>
  end(): Promise<void>
}

function startWitness(gateway: TestGateway): Witness {
  const seen: Witness['seen'] = { rest: new Map(), graphql: new Map(), readyz: new Map(), healthz: new Map() }
  const note = (entrance: keyof Witness['seen'], status: number) =>
    seen[entrance].set(status, (seen[entrance].get(status) ?? 0) + 1)
  let isOver = false
  const ask = async () => {
    while (!isOver) {
      note('rest', (await gateway.rest('GET', 'endpoint/')).status)
      note('graphql', (await gateway.gql(LIST)).status)
      note('readyz', (await fetch(`${gateway.url}/readyz`)).status)
      note('healthz', (await fetch(`${gateway.url}/healthz`)).status)
      await sleep(50)
    }
  }
  const asking = ask()
  const end = async () => {
    isOver = true
    await asking
  }
  atEnd(end)
  return { seen, end }
}

const statuses = (seen: Witness['seen']) =>
  Object.fromEntries(Object.entries(seen).map(([entrance, counts]) => [entrance, Object.fromEntries(counts)]))

privateServerOnly(
  'a database server that crashes and comes back after 10 s loses nothing, and delivery resumes by itself',
  async () => {
    const postgres = await startPrivatePostgres()
    const database = await postgres.createDatabase('hookgate')
    const api = await startTestGateway({ HOOKGATE_ROLES: 'api' }, database)
    const worker = await startTestGateway({ HOOKGATE_ROLES: 'worker' }, database)
    const receivers = [await startReceiver(() => ({ status: 204, afterMs: 20 })), await startReceiver()]
    for (const { url } of receivers) await api.createEndpoint({ target: url })

    const acknowledged: number[] = []
    const refused = new Map<number | undefined, number>()
    const publishing = publishUntilAcknowledged(
      { current: api },
      {
        count: EVENTS,
        concurrency: 4,
        onAcknowledged: (id) => acknowledged.push(id),
        onRefused: (status) => refused.set(status, (refused.get(status) ?? 0) + 1),
      },
    )
    await until(() => acknowledged.length >= EVENTS / 4)
    const witness = startWitness(api)
    await postgres.stop('immediate')
    // Answers from before the crash may still arrive.
    await sleep(500)
    const before = acknowledged.length
    await sleep(AWAY_MS)
    expect(acknowledged.length).toBe(before)
    for (const { url } of [api, worker]) {
      expect((await fetch(`${url}/readyz`)).status).toBe(503)
      expect((await fetch(`${url}/healthz`)).status).toBe(200)
    }
    await postgres.start()

    const backAt = Date.now()
    const isReady = async ({ url }: TestGateway) => (await fetch(`${url}/readyz`)).status === 200
    await until(async () => (await isReady(api)) && (await isReady(worker)))
    const readyAfter = Date.now() - backAt
    const arrived = receivers[0]?.received.length ?? 0
    await until(() => (receivers[0]?.received.length ?? 0) > arrived)
    const resumedAfter = Date.now() - backAt
    await publishing
    await witness.end()
    await until(() => arrivedAtAll(receivers, acknowledged))
    await expectDelivered({ current: api }, receivers, acknowledged)
    const repeats = receivers.reduce((sum, { received }) => sum + received.length - EVENTS, 0)
    report(`ready ${readyAfter} ms and delivering ${resumedAfter} ms after the start; ${repeats} repeated`)
    report(
      `publishers received ${JSON.stringify([...refused])}, others ${JSON.stringify(statuses(witness.seen))}`,
    )

    expect(new Set(acknowledged).size).toBe(EVENTS)
    // Publishers received 503: any other error would have failed publishUntilAcknowledged.
    expect(refused.get(503)).toBeGreaterThan(0)
    expect(refused.get(undefined)).toBeUndefined()
    expect(Object.keys(statuses(witness.seen).rest ?? {}).sort()).toEqual(['200', '503'])
    expect(Object.keys(statuses(witness.seen).readyz ?? {}).sort()).toEqual(['200', '503'])
    expect(Object.keys(statuses(witness.seen).healthz ?? {})).toEqual(['200'])
    expect([...witness.seen.graphql.keys()]).not.toContain(500)
    for (const gateway of [api, worker]) expect(gateway.output()).not.toContain('internal error')
    await api.stop()
    await worker.end()
    await closeAll(receivers)
  },
)
