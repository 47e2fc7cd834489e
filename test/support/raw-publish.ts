import type { GraphqlAnswer, TestGateway } from './gateway'
import { openWire } from './wire'

/** An answer, and its text: a parsed value has lost digits and keys. */
export interface RawAnswer extends GraphqlAnswer {
  text: string
}

/** A request to GraphQL, its variables in these very characters. */
export interface RawRequest {
  query: string
  /** JSON text; undefined = no variables */
  variables?: string
  token?: string
}

/** Sends a body of these very characters or bytes to /graphql. */
export async function postGraphql(
  { url, adminToken }: TestGateway,
  body: string | Uint8Array,
  token = adminToken,
): Promise<RawAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body,
  })
  const text = await response.text()
  return { status: response.status, text, ...(JSON.parse(text) as object) }
}

export function graphql(gateway: TestGateway, { query, variables, token }: RawRequest): Promise<RawAnswer> {
  const body = `{"query": ${JSON.stringify(query)}${variables === undefined ? '' : `, "variables": ${variables}`}}`
  return postGraphql(gateway, body, token)
}

/** Publishes by REST, the body in these very characters or bytes. */
export const postEvent = (gateway: TestGateway, body: string | Uint8Array, headers: object = {}) =>
  gateway.rest('POST', 'event/', { headers: { 'content-type': 'application/json', ...headers }, body })

/** Publishes by REST, with headers that fetch would refuse, correct or join. */
export async function postEventOnWire(
  { url, adminToken }: TestGateway,
  body: string,
  headers: Record<string, string | string[]>,
): Promise<{ status: number; body: unknown }> {
  const wire = openWire(url)
  try {
    const { status, text } = await wire.send({
      method: 'POST',
      path: '/api/v2/webhook/event/',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${adminToken}`,
        ...(headers as Record<string, string>),
      },
      body,
    })
    return { status, body: JSON.parse(text) }
  } finally {
    wire.close()
  }
}
