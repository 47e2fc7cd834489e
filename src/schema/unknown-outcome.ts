import type { GraphQLObjectType, GraphQLSchema } from 'graphql'
import { isUnanswered } from '../database/unanswered'
import { Failure } from '../failure'

/** A change that the database has not answered. The cause is for the log. */
export function unknownOutcome(cause: unknown): Failure {
  const failure = new Failure(
    'outcome_unknown',
    'The database did not answer whether the change is stored. Look, or repeat the request with the same idempotency key.',
  )
  failure.cause = cause
  return failure
}

/** @param answer of a resolver, or its error: graphql-shield returns what a resolver throws */
function reported(answer: unknown): unknown {
  if (!(answer instanceof Error)) return answer
  throw isUnanswered(answer) ? unknownOutcome(answer) : answer
}

/** Makes every mutation report a statement that was sent and not answered as a change whose outcome is unknown. */
export function reportUnknownOutcomes(schema: GraphQLSchema): GraphQLSchema {
  const mutations: ReturnType<GraphQLObjectType['getFields']> = schema.getMutationType()?.getFields() ?? {}
  for (const field of Object.values(mutations)) {
    const { resolve } = field
    if (!resolve) continue
    field.resolve = (...given) => {
      const answer = resolve(...given)
      return answer instanceof Promise ? answer.then(reported, reported) : answer
    }
  }
  return schema
}
