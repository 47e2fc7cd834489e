import fc from 'fast-check'
import type { WireAnswer, WireRequest } from '../../wire'
import type { ExpectedState } from './expected-state'

/** A request to send, and the check of its answer. */
export interface PlannedRequest {
  request: WireRequest
  /** Throws when the answer is wrong. Records in the expected state what the request has changed. */
  checkAnswer(answer: WireAnswer): void
  /** id of an endpoint to read afterwards, by REST and by GraphQL */
  readAfterwards?: string
  /** true = the test cannot predict the effect: it reads all endpoints afterwards, and expects those from then on */
  hasUnknownEffect?: boolean
}

/** One kind of request. */
export interface RequestKind<Input = unknown> {
  name: string
  /** how often the kind is chosen, relative to the other kinds */
  weight: number
  input: fc.Arbitrary<Input>
  /** Makes a request of a generated input. The same input gives another request when other endpoints are stored. */
  plan(state: ExpectedState, input: Input): PlannedRequest
}

/** One request of a sequence, as plain data that fast-check can print and shrink. */
export interface Step {
  /** name of the request kind */
  kind: string
  input: unknown
}

/** Drops the type of the input from the type of the kind, so that kinds of different inputs fit into one list. */
export const requestKind = <Input>(kind: RequestKind<Input>): RequestKind => kind as unknown as RequestKind

/** A step of any of these kinds, chosen by weight. */
export const stepOf = (kinds: RequestKind[]): fc.Arbitrary<Step> =>
  fc.oneof(
    ...kinds.map(({ name, weight, input }) => ({
      weight,
      arbitrary: fc.record({ kind: fc.constant(name), input }),
    })),
  )
