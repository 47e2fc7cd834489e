import type { GraphiQLProps } from 'graphiql'
import { type ExecutionResult, GraphQLError } from 'graphql'

type Fetcher = GraphiQLProps['fetcher']

/** The gateway denied a request: its error code, and the token of the request. */
export interface Denial {
  code: 'UNAUTHENTICATED' | 'FORBIDDEN'
  token: string
}

type Answer = ExecutionResult<Record<string, unknown>, Record<string, unknown>>

/**
 * Sends GraphiQL's requests, introspection included, to POST /graphql with the bearer token. The URL is relative to the page:
 * a proxy may serve both below a path of its own. GraphiQL reads the schema again when it gets another fetcher, so the page
 * creates one fetcher per token.
 *
 * @param onAnswer called after every response; null = the token was accepted
 */
export function gatewayFetcher(token: string, onAnswer: (denial: Denial | null) => void): Fetcher {
  return async (request, options) => {
    const response = await fetch('../graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        ...(token && { authorization: `Bearer ${token}` }),
        ...options?.headers,
      },
      body: JSON.stringify(request),
    })
    const answer = await readAnswer(response)
    const code = answer.errors?.map((error) => error.extensions?.code).find(isDenial)
    onAnswer(code ? { code, token } : null)
    return answer
  }
}

/** A proxy in front of the gateway may answer in HTML. Shows such a response as an error instead of failing to parse it. */
async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    const message = `The response is not JSON: ${response.status} ${response.statusText}`.trimEnd()
    return { errors: [new GraphQLError(`${message}\n${text.slice(0, 500)}`)] }
  }
}

function isDenial(code: unknown): code is Denial['code'] {
  return code === 'UNAUTHENTICATED' || code === 'FORBIDDEN'
}
