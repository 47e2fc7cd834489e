import { startTestGateway, type TestGateway, tokenFor } from '../support/gateway'

/** What a client has sent, and the answer: the method, the headers that matter, the status. */
export interface Exchange {
  method: string
  query: string
  hasBody: boolean
  status: number
  contentType: string | null
}

export interface ClientStage {
  gateway: TestGateway
  /** the URL of GraphQL */
  url: string
  /** the header with the admin's token, or with another one */
  headers(token?: string): { authorization: string }
  /** `fetch`, which records every exchange */
  fetch: typeof fetch
  exchanges: Exchange[]
  close(): Promise<void>
}

export const EXPIRED = tokenFor({ role: 'admin', sub: 'test' }, { expiresIn: -60 })

/** A gateway for a client that is used as it comes. */
export async function startClientStage(): Promise<ClientStage> {
  const gateway = await startTestGateway()
  const exchanges: Exchange[] = []
  return {
    gateway,
    url: `${gateway.url}/graphql`,
    headers: (token = gateway.adminToken) => ({ authorization: `Bearer ${token}` }),
    exchanges,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      exchanges.push({
        method: init?.method ?? 'GET',
        query: new URL(String(input)).search,
        hasBody: init?.body != null,
        status: response.status,
        contentType: response.headers.get('content-type'),
      })
      return response
    },
    close: () => gateway.stop(),
  }
}

export const TYPES = 'query Types { webhookEventTypes { type } }'
export const ONE = 'query One($id: ID!) { webhookEndpoint(id: $id) { id target version } }'
export const UPDATE = `mutation Update($id: ID!, $patch: WebhookEndpointPatch!) {
  updateWebhookEndpoint(id: $id, patch: $patch) { id version isActive description }
}`

/** A patch with three faults. */
export const BAD_PATCH = { target: 'nope', events: [{ type: 'no.such' }], description: '\u0000' }

/** The codes of the problems of a VALIDATION_FAILED, sorted. */
export const problemCodes = (extensions: unknown) =>
  (extensions as { problems: { code: string }[] }).problems.map(({ code }) => code).sort()

export const BAD_PATCH_PROBLEMS = ['INVALID_CHARACTER', 'INVALID_URL', 'UNKNOWN_EVENT_TYPE']

export const RESPONSE_TYPE = 'application/graphql-response+json; charset=utf-8'
