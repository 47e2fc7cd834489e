/**
 * Counts the sends in flight, per endpoint and in all, against their limits. A receiver that hangs fills its own
 * lane and no other.
 */
export class Lanes {
  private readonly inFlight = new Map<number, number>()
  private total = 0

  constructor(
    private readonly capacity: number,
    private readonly laneCapacity: number,
  ) {}

  /** How many sends may start now, in all. */
  get free(): number {
    return this.capacity - this.total
  }

  get size(): number {
    return this.total
  }

  /** The endpoints with sends in flight, and the room that each has left. */
  busy(): { endpointId: number; free: number }[] {
    return [...this.inFlight].map(([endpointId, count]) => ({ endpointId, free: this.laneCapacity - count }))
  }

  full(): number[] {
    return this.busy().flatMap(({ endpointId, free }) => (free <= 0 ? endpointId : []))
  }

  enter(endpointId: number): void {
    this.total += 1
    this.inFlight.set(endpointId, (this.inFlight.get(endpointId) ?? 0) + 1)
  }

  leave(endpointId: number): void {
    this.total -= 1
    const count = (this.inFlight.get(endpointId) ?? 1) - 1
    if (count > 0) this.inFlight.set(endpointId, count)
    else this.inFlight.delete(endpointId)
  }
}
