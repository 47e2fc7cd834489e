/** Whether the gateway must accept a part of a request; `either` = the test does not know. */
export type Validity = 'valid' | 'invalid' | 'either'

/** The validity of a whole: one invalid part makes the whole invalid. */
export function combinedValidity(parts: Validity[]): Validity {
  if (parts.includes('invalid')) return 'invalid'
  return parts.includes('either') ? 'either' : 'valid'
}

/**
 * The outcomes that a request may have: REST statuses or GraphQL error codes.
 *
 * A request without a reason to fail must succeed. A request with reasons to fail must fail for one of them. Which one
 * is open, because the contract does not say in which order the gateway checks a request.
 */
export class ExpectedOutcomes<Outcome> {
  private readonly failures: Outcome[] = []
  private readonly possibleFailures: Outcome[] = []

  constructor(private readonly success: Outcome) {}

  /** @param outcomes all outcomes that are right for one reason to fail */
  mustFail(...outcomes: Outcome[]): this {
    this.failures.push(...outcomes)
    return this
  }

  mayFail(...outcomes: Outcome[]): this {
    this.possibleFailures.push(...outcomes)
    return this
  }

  /** @param outcomes the outcomes that are right when the part is invalid */
  addPart(validity: Validity, ...outcomes: Outcome[]): this {
    if (validity === 'invalid') this.mustFail(...outcomes)
    if (validity === 'either') this.mayFail(...outcomes)
    return this
  }

  allowed(): Outcome[] {
    return [...(this.failures.length > 0 ? this.failures : [this.success]), ...this.possibleFailures]
  }
}
