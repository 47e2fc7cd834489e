import { setTimeout as sleep } from 'node:timers/promises'
import { GET, LIST, UPDATE } from './endpoint-documents'
import { ATTEMPTS, EVENT, EXPIRE, PUBLISH, RESEND } from './event-documents'
import type { GraphqlAnswer, RestAnswer, TestGateway } from './gateway'
import type { Random } from './random'

export const TYPES = ['post.created', 'post.updated', 'comment.created']

/** The usual requests of admins and publishers. */
export interface MixedLoad {
  /** the events that were accepted */
  eventIds: number[]
  /** answers by status, or by the code of a GraphQL error */
  answers: Map<string, number>
  /** Stops; rejects with the first error. */
  end(): Promise<void>
}

export interface MixedLoadOptions {
  random: Random
  /** endpoints that stay, are patched and resent to */
  endpointIds: number[]
  /** the target of endpoints that are created and deleted during the load */
  passingTarget: string
}

/** How many such endpoints exist at once. */
const PASSING = 5
/** Expected answers: an endpoint may have been switched off or deleted in the meantime. */
const EXPECTED = /^(2\d\d|404|409|ok|NOT_FOUND|CONFLICT)$/

/** Puts a gateway under a steady load, which does not wait for deliveries. */
export function startMixedLoad(
  gateway: TestGateway,
  { random, endpointIds, passingTarget }: MixedLoadOptions,
): MixedLoad {
  const eventIds: number[] = []
  const answers = new Map<string, number>()
  const passing: number[] = []
  let isOver = false
  const among = <Item>(items: Item[]): Item => items[Math.floor(random.between(0, items.length))] as Item

  const count = (outcome: string) => {
    answers.set(outcome, (answers.get(outcome) ?? 0) + 1)
    if (!EXPECTED.test(outcome)) throw new Error(`answered with ${outcome}`)
  }
  const byRest = async (...call: Parameters<TestGateway['rest']>): Promise<RestAnswer> => {
    const answer = await gateway.rest(...call)
    count(String(answer.status))
    return answer
  }
  const byGraphql = async (...call: Parameters<TestGateway['gql']>): Promise<GraphqlAnswer> => {
    const answer = await gateway.gql(...call)
    count(String(answer.errors?.[0]?.extensions?.code ?? (answer.status === 200 ? 'ok' : answer.status)))
    return answer
  }
  const steadily = async (perSecond: number, act: () => Promise<unknown>) => {
    while (!isOver) {
      await act()
      await sleep(1000 / perSecond)
    }
  }

  const publish = async () => {
    const json = { type: among(TYPES), data: { text: 'x'.repeat(random.between(10, 2_000)) } }
    if (random.between(0, 2) < 1) {
      eventIds.push((await byRest('POST', 'event/', { json })).body.event_id)
    } else {
      const { data } = await byGraphql(PUBLISH, { input: json })
      eventIds.push(Number(data.publishWebhookEvent.event.id))
    }
  }
  const patch = async () => {
    const id = among(endpointIds)
    const description = `note ${random.between(0, 1e6).toFixed()}`
    await byRest('PATCH', `endpoint/${id}/`, { json: { description } })
    await byGraphql(UPDATE, { id, patch: { sslCertVerification: random.between(0, 2) < 1 } })
  }
  const read = async () => {
    const id = among([...endpointIds, ...passing])
    await byRest('GET', 'endpoint/?limit=100')
    await byRest('GET', `endpoint/${id}/attempt/`)
    await byGraphql(LIST)
    await byGraphql(GET, { id })
    await byGraphql(ATTEMPTS, { id, limit: 20, filter: { outcome: ['FAILED'] } })
    if (eventIds.length > 0) await byGraphql(EVENT, { id: among(eventIds) })
  }
  const resend = async () => {
    const some = [among(eventIds), among(eventIds)].filter((eventId) => eventId !== undefined)
    if (some.length === 0) return
    await byGraphql(RESEND, { id: among(endpointIds), eventIds: some })
    await byRest('POST', `endpoint/${among(endpointIds)}/event/resend/`, { json: { event: some[0] } })
  }
  const expire = async () => {
    await byRest('POST', `endpoint/${among(endpointIds)}/secret/expire/`)
    await byGraphql(EXPIRE, { id: among(endpointIds), overlapSeconds: 5 })
  }
  const comeAndGo = async () => {
    const json = { target: passingTarget, events: [{ type: among(TYPES) }] }
    passing.push((await byRest('POST', 'endpoint/', { json })).body.id)
    const oldest = passing.length > PASSING ? passing.shift() : undefined
    if (oldest === undefined) return
    // Off and on again: pending deliveries wait meanwhile.
    await byRest('PATCH', `endpoint/${oldest}/`, { json: { is_active: false } })
    await byRest('PATCH', `endpoint/${oldest}/`, { json: { is_active: true } })
    await byRest('DELETE', `endpoint/${oldest}/`)
  }

  const running = Promise.all([
    steadily(10, publish),
    steadily(5, patch),
    steadily(3, read),
    steadily(1, resend),
    steadily(1, expire),
    steadily(2, comeAndGo),
  ])
  // Reported by end().
  running.catch(() => undefined)
  return {
    eventIds,
    answers,
    end() {
      isOver = true
      return running.then(() => undefined)
    },
  }
}
