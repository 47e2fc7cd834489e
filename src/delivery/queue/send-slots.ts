/**
 * The sends that this process may have in flight, in all and per endpoint. A receiver that hangs fills the slots of its own
 * endpoint and leaves the others free.
 */
export class SendSlots {
  readonly #takenByEndpoint = new Map<number, number>()
  #taken = 0

  constructor(
    private readonly slots: number,
    private readonly slotsPerEndpoint: number,
  ) {}

  /** How many more sends may be in flight, in all. */
  get available(): number {
    return this.slots - this.#taken
  }

  /** How many sends are in flight, in all. */
  get taken(): number {
    return this.#taken
  }

  /** The endpoints with sends in flight, and how many more each may have. */
  busyEndpoints(): { endpointId: number; freeSlots: number }[] {
    return [...this.#takenByEndpoint].map(([endpointId, taken]) => ({
      endpointId,
      freeSlots: this.slotsPerEndpoint - taken,
    }))
  }

  /** The endpoints that may have no more sends in flight. */
  fullEndpoints(): number[] {
    return this.busyEndpoints().flatMap(({ endpointId, freeSlots }) => (freeSlots <= 0 ? endpointId : []))
  }

  /** Whether any endpoint may have no more sends in flight. */
  get hasFullEndpoint(): boolean {
    for (const endpointId of this.#takenByEndpoint.keys()) if (this.isFull(endpointId)) return true
    return false
  }

  isFull(endpointId: number): boolean {
    return (this.#takenByEndpoint.get(endpointId) ?? 0) >= this.slotsPerEndpoint
  }

  take(endpointId: number): void {
    this.#taken += 1
    this.#takenByEndpoint.set(endpointId, (this.#takenByEndpoint.get(endpointId) ?? 0) + 1)
  }

  free(endpointId: number): void {
    this.#taken -= 1
    const taken = (this.#takenByEndpoint.get(endpointId) ?? 1) - 1
    if (taken > 0) this.#takenByEndpoint.set(endpointId, taken)
    else this.#takenByEndpoint.delete(endpointId)
  }
}
