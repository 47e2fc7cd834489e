import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { execute, type GraphQLInputType, type GraphQLSchema, getOperationAST, Kind } from 'graphql'
import type { Caller } from '../auth/bearer-token'
import type { Core } from '../core'
import { validateEndpoint } from '../endpoints/validate-endpoint'
import { validateEvent } from '../events/publish-event'
import type { Failure, Problem } from '../failure'
import { createContext } from './context'
import { type ErrorLog, failureOf } from './errors'
import { denialOf } from './permissions'

/** An error that is nobody's fault but ours, already in the log under its id. */
export class MaskedError extends Error {
  override name = 'MaskedError'

  constructor(readonly errorId: string) {
    super('Internal server error')
  }
}

/** Runs documents against the guarded schema in process: the only way from REST into the gateway. */
export interface SchemaExecutor {
  /** Why this caller may not run the document at all, whatever its variables; undefined = may. */
  refusal(document: TypedDocumentNode<unknown, never>, caller: Caller): Failure | undefined
  /** The type of an input object of the schema, for a door that judges types before it runs a document. */
  inputType(name: string): GraphQLInputType
  /** What is wrong with the fields that are there, for a door that tells it along with those that are missing. */
  problemsOf(inputType: string, given: Record<string, unknown>): Problem[]
  /** @throws Failure, or MaskedError when the cause is not for callers */
  run<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    caller: Caller,
    log: ErrorLog,
  ): Promise<Data>
}

/** @param schema the guarded one */
export function schemaExecutor(schema: GraphQLSchema, core: Core): SchemaExecutor {
  return {
    refusal(document, caller) {
      const operation = getOperationAST(document)
      if (!operation || operation.operation === 'subscription')
        throw new Error('A document runs one operation')
      const parent = operation.operation === 'query' ? 'Query' : 'Mutation'
      for (const selection of operation.selectionSet.selections) {
        if (selection.kind !== Kind.FIELD) throw new Error('A document names its fields')
        const refusal = denialOf(caller, parent, selection.name.value)
        if (refusal) return refusal
      }
      return undefined
    },

    inputType(name) {
      const type = schema.getType(name)
      if (!type || !('getFields' in type) || 'getInterfaces' in type)
        throw new Error(`${name} is no input type`)
      return type as GraphQLInputType
    },

    problemsOf(inputType, given) {
      if (inputType === 'PublishWebhookEventInput') return validateEvent(given, core)
      return validateEndpoint(given, 'input', core)
    },

    async run(document, variables, caller, log) {
      const result = await execute({
        schema,
        document,
        variableValues: variables,
        contextValue: createContext(core, caller),
      })
      const error = result.errors?.[0]
      if (error) {
        const { failure, errorId } = failureOf(error.originalError ?? error, log)
        throw failure ?? new MaskedError(errorId ?? '')
      }
      return result.data as never
    },
  }
}
