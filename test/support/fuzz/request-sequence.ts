import { stripVTControlCharacters } from 'node:util'
import { GET, LIST } from '../endpoint-documents'
import type { TestGateway } from '../gateway'
import { jsonOf, type Wire, type WireAnswer, type WireRequest } from '../wire'
import { checkedBody } from './graphql/answer-checks'
import { outcomeOf } from './graphql/operation'
import { type EndpointState, restJsonOf } from './model/endpoint-state'
import { ExpectedState } from './model/expected-state'
import type { RequestKind, Step } from './model/request-kind'
import type { OutcomeCounts } from './outcome-counts'
import { endpointOf, expectErrors } from './rest/answer-checks'
import { BASE } from './rest/rest-call'

export interface SequenceOptions {
  gateway: TestGateway
  wire: Wire
  counts: OutcomeCounts
  kinds: RequestKind[]
}

/**
 * Sends one sequence of requests to a gateway and compares each answer with the expected state. The sequence expects no
 * endpoints at its start, and deletes all endpoints at its end.
 */
export class RequestSequence {
  private readonly state: ExpectedState

  /** @param keyPrefix starts the idempotency keys of the sequence, and must be different for each sequence */
  constructor(
    private readonly options: SequenceOptions,
    keyPrefix: string,
  ) {
    this.state = new ExpectedState(keyPrefix)
  }

  /** @throws Error with the request, the answer and the failed check */
  async run(steps: Step[]): Promise<void> {
    try {
      for (const step of steps) await this.runStep(step)
    } finally {
      await this.deleteAll()
    }
  }

  private async runStep({ kind: name, input }: Step): Promise<void> {
    const kind = this.options.kinds.find((each) => each.name === name)
    if (!kind) throw new Error(`no request kind ${name}`)
    const { request, checkAnswer, readAfterwards, hasUnknownEffect } = kind.plan(this.state, input)
    const answer = await this.send(name, request)
    try {
      expect(answer.status).toBeLessThan(500)
      checkAnswer(answer)
    } catch (error) {
      const lines = [name, JSON.stringify(request), `${answer.status} ${answer.text}`, messageOf(error)]
      throw new Error(lines.map(shortened).join('\n'), { cause: error })
    }
    if (hasUnknownEffect) this.state.replaceEndpoints(await this.readAll())
    if (readAfterwards !== undefined) await this.expectStored(readAfterwards)
  }

  /** Throws unless REST and GraphQL both return the endpoint of the expected state, or none. */
  private async expectStored(id: string): Promise<void> {
    const endpoint = this.state.endpoints.get(id)
    const rest = await this.sendAsAdmin('read by REST', { method: 'GET', path: `${BASE}endpoint/${id}/` })
    const { webhookEndpoint } = await this.query('read by GraphQL', GET, { id })
    expect(webhookEndpoint).toEqual(endpoint ?? null)
    if (endpoint === undefined) {
      expect(rest.status).toBe(404)
      expectErrors(rest)
    } else {
      expect(jsonOf(rest)).toEqual(restJsonOf(endpoint))
      expect(endpointOf(rest).version).toBe(endpoint.version)
    }
  }

  private async readAll(): Promise<EndpointState[]> {
    const { webhookEndpoints } = await this.query('read all', LIST, {})
    const { totalCount, nodes } = webhookEndpoints as { totalCount: number; nodes: EndpointState[] }
    expect(nodes).toHaveLength(totalCount)
    return nodes
  }

  private async deleteAll(): Promise<void> {
    for (const { id } of await this.readAll()) {
      await this.sendAsAdmin('delete at the end', { method: 'DELETE', path: `${BASE}endpoint/${id}/` })
    }
  }

  private async query(
    kind: string,
    query: string,
    variables: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    const body = JSON.stringify({ query, variables })
    const answer = await this.sendAsAdmin(kind, { method: 'POST', path: '/graphql', body })
    return checkedBody(answer, query, body).data ?? {}
  }

  private sendAsAdmin(kind: string, request: Omit<WireRequest, 'headers'>): Promise<WireAnswer> {
    const headers = {
      authorization: `Bearer ${this.options.gateway.adminToken}`,
      'content-type': 'application/json',
    }
    return this.send(kind, { ...request, headers })
  }

  private async send(kind: string, request: WireRequest): Promise<WireAnswer> {
    const answer = await this.options.wire.send(request)
    this.options.counts.add(
      kind,
      request.path.startsWith('/graphql') ? graphqlOutcome(answer) : String(answer.status),
    )
    return answer
  }
}

/** The status, followed by the codes of a body that has errors. */
function graphqlOutcome({ status, text }: WireAnswer): string {
  try {
    return `${status} ${outcomeOf(JSON.parse(text))}`
  } catch {
    return String(status)
  }
}

const shortened = (text: string) =>
  text.length > 2_000 ? `${text.slice(0, 2_000)}... (${text.length})` : text

/** The message of a failed check, without the colour codes of the terminal. */
const messageOf = (error: unknown) =>
  stripVTControlCharacters(error instanceof Error ? error.message : String(error))
