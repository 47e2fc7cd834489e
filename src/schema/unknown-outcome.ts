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

/** @param answer of a resolver: graphql-shield returns what the resolver throws */
const reported = (answer: unknown): unknown => (answer instanceof Error ? failed(answer) : answer)

function failed(error: unknown): never {
  throw isUnanswered(error) ? unknownOutcome(error) : error
}

/** Makes every mutation report a statement that was sent and not answered as a change whose outcome is unknown. */
export function reportUnknownOutcomes(schema: GraphQLSchema): GraphQLSchema {
  const mutations: ReturnType<GraphQLObjectType['getFields']> = schema.getMutationType()?.getFields() ?? {}
  for (const field of Object.values(mutations)) {
    const { resolve } = field
    if (!resolve) continue
    field.resolve = (...given) => {
      try {
        const answer = resolve(...given)
        return answer instanceof Promise ? answer.then(reported, failed) : reported(answer)
      } catch (error) {
        return failed(error)
      }
    }
  }
  return schema
}
