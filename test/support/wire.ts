import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'

/** A request as it is sent: only headers that HTTP itself needs are added. */
export interface WireRequest {
  method: string
  /** with the query, exactly as in the request line */
  path: string
  headers: Record<string, string>
  body?: string
}

export interface WireAnswer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export interface Wire {
  send(request: WireRequest): Promise<WireAnswer>
  close(): void
}

/** A request that takes longer hangs: on an idle machine all take less than a thousandth of this. */
const ANSWER_WITHIN_MS = 60_000

/** Plain HTTP to a gateway over persistent connections. `fetch` would correct or reject odd requests. */
export function openWire(url: string): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  const send = ({ method, path, headers, body }: WireRequest) =>
    new Promise<WireAnswer>((resolve, reject) => {
      const length = body === undefined ? undefined : { 'content-length': String(Buffer.byteLength(body)) }
      const request = httpRequest(url, { agent, method, path, headers: { ...headers, ...length } })
      request.setTimeout(ANSWER_WITHIN_MS, () =>
        request.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)),
      )
      request.once('error', reject)
      request.once('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        )
      })
      // As bytes: a text would have the headers written in its own encoding.
      request.end(body === undefined ? undefined : Buffer.from(body))
    })
  return { send, close: () => agent.destroy() }
}

/** The JSON of an answer. Fails when it is none. */
export function jsonOf({ headers, text }: WireAnswer): unknown {
  expect(headers['content-type']).toMatch(/^application\/(json|graphql-response\+json); charset=utf-8$/)
  return JSON.parse(text)
}
