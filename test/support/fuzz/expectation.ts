/** Whether a part of a request must be accepted; `either` = both answers are right. */
export type Validity = 'good' | 'bad' | 'either'

/** A part of a request, as JSON text: parsing and printing would change some of them. */
export interface Given {
  text: string
  validity: Validity
}

/** One bad part makes the whole request bad. */
export function combinedValidity(validities: Validity[]): Validity {
  if (validities.includes('bad')) return 'bad'
  return validities.includes('either') ? 'either' : 'good'
}

/**
 * The outcomes that a request may have. A request without a fault must succeed. A request with faults must fail with one of
 * them, in any order of checks.
 */
export class Expectation<Outcome> {
  private readonly reasons: Outcome[] = []
  private readonly allowed: Outcome[] = []

  constructor(private readonly success: Outcome) {}

  /** @param outcomes possible answers to one fault */
  refuse(...outcomes: Outcome[]): this {
    this.reasons.push(...outcomes)
    return this
  }

  /** @param outcomes answers that are right as well */
  allow(...outcomes: Outcome[]): this {
    this.allowed.push(...outcomes)
    return this
  }

  /** Adds the outcomes for a part of the request that is bad, or that may be rejected. */
  add(validity: Validity, ...outcomes: Outcome[]): this {
    if (validity === 'bad') this.refuse(...outcomes)
    if (validity === 'either') this.allow(...outcomes)
    return this
  }

  outcomes(): Outcome[] {
    return [...(this.reasons.length > 0 ? this.reasons : [this.success]), ...this.allowed]
  }
}
