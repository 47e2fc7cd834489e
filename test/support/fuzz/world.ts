import {
  type EndpointState,
  expectChanged,
  expectCreated,
  expectSuccession,
  type Written,
} from './endpoint-state'

export interface PublishedEvent {
  id: string
  type: string
  /** canonical JSON text */
  data: string
}

/** The expected content of the database, after all answers so far. */
export class World {
  readonly endpoints = new Map<string, EndpointState>()
  readonly deleted: string[] = []
  readonly events: PublishedEvent[] = []
  /** the event of each idempotency key */
  readonly keys = new Map<string, PublishedEvent>()
  /** the secrets that were revealed and not expired since, by endpoint */
  readonly secrets = new Map<string, string>()
  private readonly expiredSecrets = new Set<string>()

  /** @param name prefix of this world's idempotency keys: other worlds use the same database */
  constructor(readonly name: string) {}

  created(state: EndpointState, written: Written): void {
    expectCreated(state, written)
    expect(this.endpoints.has(state.id)).toBe(false)
    this.endpoints.set(state.id, state)
  }

  changed(id: string, after: EndpointState, written: Written): void {
    expectChanged(this.get(id), after, written)
    this.endpoints.set(id, after)
  }

  removed(id: string): void {
    this.endpoints.delete(id)
    this.secrets.delete(id)
    this.deleted.push(id)
  }

  /** Adopts the stored endpoints after a request whose effect is not predicted. */
  resumed(stored: EndpointState[]): void {
    const ids = new Set(stored.map(({ id }) => id))
    for (const id of this.endpoints.keys()) if (!ids.has(id)) this.removed(id)
    for (const state of stored) {
      expect(this.deleted).not.toContain(state.id)
      const before = this.endpoints.get(state.id)
      if (before) expectSuccession(before, state)
      this.endpoints.set(state.id, state)
    }
    // Secrets may have been expired as well.
    this.secrets.clear()
  }

  revealed(id: string, secret: unknown): void {
    expect(secret).toMatch(/^whsec_[\w+/=-]+$/)
    expect(this.secrets.get(id) ?? secret).toBe(secret)
    expect(this.expiredSecrets).not.toContain(secret)
    this.secrets.set(id, String(secret))
  }

  secretExpired(id: string): void {
    this.expiredSecrets.add(this.secrets.get(id) ?? '')
    this.secrets.delete(id)
  }

  /** The outcome of publishing under this key: a new event, the same again, or another under the same key. */
  keyMeans(key: string | undefined, content: Omit<PublishedEvent, 'id'>): 'new' | 'same' | 'other' {
    const known = key === undefined ? undefined : this.keys.get(key)
    if (known === undefined) return 'new'
    return known.type === content.type && known.data === content.data ? 'same' : 'other'
  }

  published(event: PublishedEvent, key: string | undefined): void {
    const meaning = this.keyMeans(key, event)
    if (meaning === 'same') {
      expect(event.id).toBe(this.keys.get(key ?? '')?.id)
      return
    }
    expect(this.events.some(({ id }) => id === event.id)).toBe(false)
    this.events.push(event)
    if (key !== undefined) this.keys.set(key, event)
  }

  get(id: string): EndpointState {
    const state = this.endpoints.get(id)
    if (!state) throw new Error(`no endpoint ${id}`)
    return state
  }
}
