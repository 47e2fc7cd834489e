import { stripVTControlCharacters } from 'node:util'
import { GET, LIST } from '../endpoint-documents'
import type { TestGateway } from '../gateway'
import { jsonOf, type Wire, type WireAnswer, type WireRequest } from '../wire'
import type { Action, Step } from './action'
import type { EndpointState } from './endpoint-state'
import { restJsonOf } from './endpoint-state'
import { graphqlBodyOf } from './graphql-answer'
import { outcomeOf } from './graphql-request'
import { endpointOf, expectErrors } from './rest-answer'
import { BASE } from './rest-request'
import type { Tally } from './tally'
import { World } from './world'

export interface SessionParts {
  gateway: TestGateway
  wire: Wire
  tally: Tally
  actions: Action[]
}

/** One sequence of requests to a gateway, in a world of its own that is removed afterwards. */
export class Session {
  private readonly world: World

  constructor(
    private readonly parts: SessionParts,
    name: string,
  ) {
    this.world = new World(name)
  }

  async run(steps: Step[]): Promise<void> {
    try {
      for (const step of steps) await this.take(step)
    } finally {
      await this.removeAll()
    }
  }

  private async take({ action: name, input }: Step): Promise<void> {
    const action = this.parts.actions.find((each) => each.name === name)
    if (!action) throw new Error(`no action ${name}`)
    const { request, check, touched, isWild } = action.plan(this.world, input)
    const answer = await this.send(name, request)
    try {
      expect(answer.status).toBeLessThan(500)
      check(answer)
    } catch (error) {
      const about = [name, JSON.stringify(request), `${answer.status} ${answer.text}`, messageOf(error)]
      throw new Error(about.map(shorten).join('\n'), { cause: error })
    }
    if (isWild) this.world.resumed(await this.readAll())
    if (touched !== undefined) await this.expectStored(touched)
  }

  /** REST and GraphQL both return the endpoint in its expected state. */
  private async expectStored(id: string): Promise<void> {
    const state = this.world.endpoints.get(id)
    const rest = await this.ask('read back by REST', { method: 'GET', path: `${BASE}endpoint/${id}/` })
    const { webhookEndpoint } = await this.query('read back by GraphQL', GET, { id })
    expect(webhookEndpoint).toEqual(state ?? null)
    if (state === undefined) {
      expect(rest.status).toBe(404)
      expectErrors(rest)
    } else {
      expect(jsonOf(rest)).toEqual(restJsonOf(state))
      expect(endpointOf(rest).version).toBe(state.version)
    }
  }

  private async readAll(): Promise<EndpointState[]> {
    const { webhookEndpoints } = await this.query('read all', LIST, {})
    const { totalCount, nodes } = webhookEndpoints as { totalCount: number; nodes: EndpointState[] }
    expect(nodes).toHaveLength(totalCount)
    return nodes
  }

  private async removeAll(): Promise<void> {
    for (const { id } of await this.readAll()) {
      await this.ask('remove', { method: 'DELETE', path: `${BASE}endpoint/${id}/` })
    }
  }

  private async query(
    kind: string,
    query: string,
    variables: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    const body = JSON.stringify({ query, variables })
    const answer = await this.ask(kind, { method: 'POST', path: '/graphql', body })
    return graphqlBodyOf(answer, query, body).data ?? {}
  }

  private ask(kind: string, request: Omit<WireRequest, 'headers'>): Promise<WireAnswer> {
    const headers = {
      authorization: `Bearer ${this.parts.gateway.adminToken}`,
      'content-type': 'application/json',
    }
    return this.send(kind, { ...request, headers })
  }

  private async send(kind: string, request: WireRequest): Promise<WireAnswer> {
    const answer = await this.parts.wire.send(request)
    this.parts.tally.add(
      kind,
      request.path.startsWith('/graphql') ? graphqlOutcome(answer) : String(answer.status),
    )
    return answer
  }
}

/** The status, and the error codes of the answer. */
function graphqlOutcome({ status, text }: WireAnswer): string {
  try {
    return `${status} ${outcomeOf(JSON.parse(text))}`
  } catch {
    return String(status)
  }
}

const shorten = (text: string) => (text.length > 2_000 ? `${text.slice(0, 2_000)}... (${text.length})` : text)

/** The message of an assertion, without its colours. */
const messageOf = (error: unknown) =>
  stripVTControlCharacters(error instanceof Error ? error.message : String(error))
