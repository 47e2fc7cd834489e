import { report } from '../report'

/** Counts the requests of a test by kind and outcome. */
export class OutcomeCounts {
  total = 0
  private readonly byKind = new Map<string, Map<string, number>>()

  /** @param outcome a status, followed by the codes of a GraphQL answer */
  add(kind: string, outcome: string): void {
    this.total += 1
    const outcomes = this.byKind.get(kind) ?? new Map<string, number>()
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    this.byKind.set(kind, outcomes)
  }

  /** Prints one line per kind, its most frequent outcome first. */
  print(): void {
    report(`${this.total} requests`)
    for (const [kind, outcomes] of [...this.byKind].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const parts = [...outcomes].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name}: ${count}`)
      report(`  ${kind}: ${parts.join(', ')}`)
    }
  }
}
