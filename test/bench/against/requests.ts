import { POST_CREATED, post } from '../cases/posts'
import { drive, type Load } from '../cases/requests/load'
import { REQUESTED } from '../cases/requests/requests'
import { checkSample } from '../cases/requests/sample'
import { storeBehindApi } from '../cases/requests/store'
import { type EndpointTarget, JSON_HEADERS, type System, type Target } from '../cases/requests/target'
import { onFreshGateway, templateOf } from './gateway'
import type { PairedCase } from './side'

/** A build that has just started spends several seconds on compiling what runs often: CPU of a read 970 µs in the first, 190 after the fifth. */
const WARM_UP_SECONDS = 6
const SECONDS = 3
const PUBLISHING_CONNECTIONS = 20

/** Answers per second of one kind of request to endpoints. */
export const requestRate = (
  targetOf: (system: System) => EndpointTarget,
  connections: number,
): PairedCase => ({
  unit: '/s',
  async prepare(side) {
    const template = await templateOf(side, REQUESTED)
    const ids = template.endpoints.map(({ id }) => id)
    return () =>
      onFreshGateway(side, { template }, async ({ url }) => {
        const target = targetOf({ system: side.name, url, store: storeBehindApi(url) })
        await checkSample(target, template.endpoints)
        return warmRate(target, { ids, connections })
      })
  },
})

/** Events published per second, each for three endpoints. No worker runs, so the deliveries stay pending. */
export const publishRate = (targetOf: (system: System) => Target): PairedCase => ({
  unit: '/s',
  async prepare(side) {
    const targets = [1, 2, 3].map((id) => `https://receiver-${id}.example.com/hooks`)
    const template = await templateOf(side, { targets, events: [POST_CREATED] })
    const ids = Array.from({ length: 100 }, (_, index) => index)
    return () =>
      onFreshGateway(side, { template, env: { HOOKGATE_ROLES: 'api' } }, ({ url }) =>
        warmRate(targetOf({ system: side.name, url }), { ids, connections: PUBLISHING_CONNECTIONS }),
      )
  },
})

export const publishing = (system: System): Target => ({
  ...system,
  operation: 'publish by REST',
  isWrite: false,
  request: (number) => ({
    method: 'POST',
    path: '/api/v2/webhook/event/',
    headers: JSON_HEADERS,
    body: JSON.stringify({ type: POST_CREATED, data: post(number) }),
  }),
  beginning: '{"event_id":',
})

const PUBLISH = `mutation Publish($input: PublishWebhookEventInput!) {
  publishWebhookEvent(input: $input) { __typename }
}`

export const publishingByGraphql = (system: System): Target => ({
  ...system,
  operation: 'publish by GraphQL',
  isWrite: false,
  request: (number) => ({
    method: 'POST',
    path: '/graphql',
    headers: JSON_HEADERS,
    body: JSON.stringify({
      query: PUBLISH,
      variables: { input: { type: POST_CREATED, data: post(number) } },
    }),
  }),
  beginning: '{"data":{"publishWebhookEvent":{"__typename":"',
})

async function warmRate(target: Target, load: Omit<Load, 'seconds'>): Promise<number> {
  await drive(target, { ...load, seconds: WARM_UP_SECONDS })
  return drive(target, { ...load, seconds: SECONDS })
}
