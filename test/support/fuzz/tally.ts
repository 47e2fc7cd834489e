import { report } from '../report'

/** Counts requests by kind and outcome. */
export class Tally {
  count = 0
  private readonly byKind = new Map<string, Map<string, number>>()

  /** @param outcome a status, or a status with the code that a GraphQL answer carries */
  add(kind: string, outcome: string): void {
    this.count += 1
    const outcomes = this.byKind.get(kind) ?? new Map<string, number>()
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    this.byKind.set(kind, outcomes)
  }

  print(): void {
    report(`${this.count} requests`)
    for (const [kind, outcomes] of [...this.byKind].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const parts = [...outcomes].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name}: ${count}`)
      report(`  ${kind}: ${parts.join(', ')}`)
    }
  }
}
