import {
  type EndpointState,
  expectChanged,
  expectCreated,
  expectSameOrNewer,
  type WrittenFields,
} from './endpoint-state'

export interface PublishedEvent {
  id: string
  type: string
  /** JSON text without white space between tokens */
  data: string
}

/**
 * The endpoints, events and secrets that the gateway must have stored after the answers so far. Each method that
 * records a change first checks that the answer fits the expected state, and throws when it does not.
 */
export class ExpectedState {
  readonly endpoints = new Map<string, EndpointState>()
  readonly deletedIds: string[] = []
  readonly events: PublishedEvent[] = []
  private readonly eventsByKey = new Map<string, PublishedEvent>()
  /** by endpoint id; only secrets that were revealed and have not expired since */
  private readonly secrets = new Map<string, string>()
  private readonly expiredSecrets = new Set<string>()

  /** @param keyPrefix starts every idempotency key, so that no two sequences share a key in their common database */
  constructor(readonly keyPrefix: string) {}

  endpointCreated(endpoint: EndpointState, written: WrittenFields): void {
    expectCreated(endpoint, written)
    expect(this.endpoints.has(endpoint.id)).toBe(false)
    this.endpoints.set(endpoint.id, endpoint)
  }

  endpointChanged(id: string, after: EndpointState, written: WrittenFields): void {
    expectChanged(this.endpoint(id), after, written)
    this.endpoints.set(id, after)
  }

  endpointDeleted(id: string): void {
    this.endpoints.delete(id)
    this.secrets.delete(id)
    this.deletedIds.push(id)
  }

  /** Expects the endpoints that are stored after a request whose effect the test cannot predict. */
  replaceEndpoints(stored: EndpointState[]): void {
    const ids = new Set(stored.map(({ id }) => id))
    for (const id of this.endpoints.keys()) if (!ids.has(id)) this.endpointDeleted(id)
    for (const endpoint of stored) {
      expect(this.deletedIds).not.toContain(endpoint.id)
      const before = this.endpoints.get(endpoint.id)
      if (before) expectSameOrNewer(before, endpoint)
      this.endpoints.set(endpoint.id, endpoint)
    }
    // The request may have expired secrets as well.
    this.secrets.clear()
  }

  secretRevealed(id: string, secret: unknown): void {
    expect(secret).toMatch(/^whsec_[\w+/=-]+$/)
    expect(this.secrets.get(id) ?? secret).toBe(secret)
    expect(this.expiredSecrets).not.toContain(secret)
    this.secrets.set(id, String(secret))
  }

  secretExpired(id: string): void {
    this.expiredSecrets.add(this.secrets.get(id) ?? '')
    this.secrets.delete(id)
  }

  /** What publishing under this key must do: store a new event, repeat the first answer, or fail as a conflict. */
  publishOutcome(
    key: string | undefined,
    content: Omit<PublishedEvent, 'id'>,
  ): 'new' | 'repeated' | 'conflict' {
    const known = key === undefined ? undefined : this.eventsByKey.get(key)
    if (known === undefined) return 'new'
    return known.type === content.type && known.data === content.data ? 'repeated' : 'conflict'
  }

  eventPublished(event: PublishedEvent, key: string | undefined): void {
    if (this.publishOutcome(key, event) === 'repeated') {
      expect(event.id).toBe(this.eventsByKey.get(key ?? '')?.id)
      return
    }
    expect(this.events.some(({ id }) => id === event.id)).toBe(false)
    this.events.push(event)
    if (key !== undefined) this.eventsByKey.set(key, event)
  }

  private endpoint(id: string): EndpointState {
    const endpoint = this.endpoints.get(id)
    if (!endpoint) throw new Error(`no endpoint ${id}`)
    return endpoint
  }
}
