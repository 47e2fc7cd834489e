import type { GraphiQLProps } from 'graphiql'
import { type ExecutionResult, GraphQLError } from 'graphql'

type Fetcher = GraphiQLProps['fetcher']

/** What the gateway answers when it knows the caller too little (or not at all), and the token it said it of. */
export interface Refusal {
  code: 'UNAUTHENTICATED' | 'FORBIDDEN'
  token: string
}

type Answer = ExecutionResult<Record<string, unknown>, Record<string, unknown>>

/**
 * Sends what GraphiQL asks for, introspection included, to POST /graphql with the bearer token.
 * GraphiQL reads the schema anew whenever it is given another fetcher, hence one fetcher per token.
 *
 * @param onAnswer told after every answer whether the gateway refused the token
 */
export function gatewayFetcher(token: string, onAnswer: (refusal: Refusal | null) => void): Fetcher {
  return async (request, options) => {
    const response = await fetch('/graphql', {
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
    const code = answer.errors?.map((error) => error.extensions?.code).find(isRefusal)
    onAnswer(code ? { code, token } : null)
    return answer
  }
}

/** A proxy in front of the gateway may answer in HTML: say so in the response pane instead of failing to parse it. */
async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    const message = `The answer is not JSON: ${response.status} ${response.statusText}`.trimEnd()
    return { errors: [new GraphQLError(`${message}\n${text.slice(0, 500)}`)] }
  }
}

function isRefusal(code: unknown): code is Refusal['code'] {
  return code === 'UNAUTHENTICATED' || code === 'FORBIDDEN'
}
