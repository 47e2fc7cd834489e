import { ATTEMPTS, EVENT, PUBLISH } from './event-documents'
import type { TestGateway } from './gateway'

/** An attempt as GraphQL returns it. */
export interface AttemptNode {
  id: string
  createdAt: string
  sentAt: string | null
  number: number
  trigger: string
  outcome: string
  requestBody: string
  requestSignatureHeader: string
  responseStatus: number | null
  responseBody: string | null
  responseTruncated: boolean
  durationMs: number | null
  error: string | null
  errorDetail: string | null
  nextRetryAt: string | null
  event: { id: string; type: string; createdAt: string }
}

export interface DeliveryNode {
  id: string
  status: 'PENDING' | 'DELIVERED' | 'FAILED' | 'CANCELLED'
  attemptCount: number
  triesUsed: number
  nextRetryAt: string | null
  endpoint: { id: string; isActive: boolean; disabledReason: string | null }
}

/** Publishes an event by GraphQL and returns its id. */
export async function publish(
  gateway: TestGateway,
  data: unknown = {},
  type = 'post.created',
): Promise<number> {
  const { data: answer, errors } = await gateway.gql(PUBLISH, { input: { type, data } })
  if (errors) throw new Error(`not published: ${JSON.stringify(errors)}`)
  return Number(answer.publishWebhookEvent.event.id)
}

/** Publishes many events, 8 at a time. Returns their ids in no particular order. */
export async function publishMany(gateway: TestGateway, count: number, type?: string): Promise<number[]> {
  const ids: number[] = []
  let next = 0
  const publishSome = async () => {
    while (next < count) {
      next += 1
      ids.push(await publish(gateway, { nth: next }, type))
    }
  }
  await Promise.all(Array.from({ length: 8 }, publishSome))
  return ids
}

/** The deliveries of an event, by endpoint. */
export async function deliveriesOf(gateway: TestGateway, eventId: number | string): Promise<DeliveryNode[]> {
  const { data } = await gateway.gql(EVENT, { id: String(eventId) })
  // Newest first, and those of one event in descending order of their endpoints.
  return [...data.webhookEvent.deliveries.nodes].reverse()
}

/** The most aliases that the gateway allows in one document. */
const ALIASES_MAX = 15

type DeliveryProgress = Pick<DeliveryNode, 'status' | 'attemptCount'>

/** The progress of many events' deliveries by event, in the order of their endpoints. */
export async function deliveryProgress(
  gateway: TestGateway,
  eventIds: number[],
): Promise<Map<number, DeliveryProgress[]>> {
  const progress = new Map<number, DeliveryProgress[]>()
  for (let from = 0; from < eventIds.length; from += ALIASES_MAX) {
    const ids = eventIds.slice(from, from + ALIASES_MAX)
    const fields = ids.map(
      (id) =>
        `e${id}: webhookEvent(id: "${id}") { deliveries(first: 100) { nodes { status attemptCount } } }`,
    )
    const { data, errors } = await gateway.gql(`{ ${fields.join(' ')} }`)
    if (errors) throw new Error(`no events: ${JSON.stringify(errors)}`)
    for (const id of ids) progress.set(id, [...data[`e${id}`].deliveries.nodes].reverse())
  }
  return progress
}

/** The delivery of an event to its only endpoint. */
export async function deliveryOf(gateway: TestGateway, eventId: number | string): Promise<DeliveryNode> {
  const [delivery] = await deliveriesOf(gateway, eventId)
  if (!delivery) throw new Error(`event ${eventId} has no delivery`)
  return delivery
}

/** All attempts of an endpoint, oldest first. */
export async function attemptsOf(
  gateway: TestGateway,
  endpointId: number | string,
  filter: Record<string, unknown> = {},
): Promise<AttemptNode[]> {
  const attempts: AttemptNode[] = []
  for (;;) {
    const { data, errors } = await gateway.gql(ATTEMPTS, {
      id: String(endpointId),
      filter,
      orderBy: 'CREATED_AT_ASC',
      limit: 100,
      offset: attempts.length,
    })
    if (errors) throw new Error(`no attempts: ${JSON.stringify(errors)}`)
    const { nodes, totalCount } = data.webhookAttemptPage
    attempts.push(...nodes)
    if (nodes.length === 0 || attempts.length >= totalCount) return attempts
  }
}

/** How many attempts of an endpoint are on record. */
export async function attemptCount(gateway: TestGateway, endpointId: number | string): Promise<number> {
  const { data } = await gateway.gql(ATTEMPTS, { id: String(endpointId), limit: 1 })
  return data.webhookAttemptPage.totalCount
}

/** Milliseconds from an attempt to the retry that it announces; null = no retry. */
export const promisedWait = ({ createdAt, nextRetryAt }: AttemptNode) =>
  nextRetryAt === null ? null : Date.parse(nextRetryAt) - Date.parse(createdAt)

/** Expects a wait of so many milliseconds, stretched by up to a fifth. */
export const stretched = (ms: number) => ({
  $$typeof: Symbol.for('jest.asymmetricMatcher'),
  asymmetricMatch: (wait: unknown) => typeof wait === 'number' && wait >= ms && wait <= 1.2 * ms + 1,
  toString: () => `stretched(${ms})`,
  toAsymmetricMatcher: () => `stretched(${ms})`,
})
