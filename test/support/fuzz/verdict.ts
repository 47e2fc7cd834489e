/** Whether a part of a request is to be accepted; `either` = both are right. */
export type Verdict = 'good' | 'bad' | 'either'

/** A part of a request, as JSON text: not every JSON text survives being read and printed again. */
export interface Given {
  text: string
  verdict: Verdict
}

/** One bad part makes the whole bad. */
export function verdictOfAll(verdicts: Verdict[]): Verdict {
  if (verdicts.includes('bad')) return 'bad'
  return verdicts.includes('either') ? 'either' : 'good'
}

/**
 * Which outcomes a request may have. With no reason to refuse it, it must succeed; with one or more it must be refused
 * for one of them, whichever is looked at first.
 */
export class Expectation<Outcome> {
  private readonly reasons: Outcome[] = []
  private readonly doubts: Outcome[] = []

  constructor(private readonly success: Outcome) {}

  /** @param outcomes what may be answered for this reason */
  refuse(...outcomes: Outcome[]): this {
    this.reasons.push(...outcomes)
    return this
  }

  doubt(...outcomes: Outcome[]): this {
    this.doubts.push(...outcomes)
    return this
  }

  judge(verdict: Verdict, ...outcomes: Outcome[]): this {
    if (verdict === 'bad') this.refuse(...outcomes)
    if (verdict === 'either') this.doubt(...outcomes)
    return this
  }

  outcomes(): Outcome[] {
    return [...(this.reasons.length > 0 ? this.reasons : [this.success]), ...this.doubts]
  }
}
