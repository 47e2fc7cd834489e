import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import {
  execute,
  type GraphQLInputObjectType,
  type GraphQLSchema,
  getOperationAST,
  isInputObjectType,
  Kind,
  OperationTypeNode,
} from 'graphql'
import type { Caller } from '../auth/bearer-token'
import type { Core } from '../core'
import { validateEndpoint } from '../endpoints/validate-endpoint'
import { validateEvent } from '../events/publish-event'
import type { Failure, Problem } from '../failure'
import { createContext } from './context'
import { type ErrorLog, failureOf } from './errors'
import { denialOf } from './permissions'
import { unknownOutcome } from './unknown-outcome'

/** An internal error that is already in the log under this id. Callers do not see its cause. */
export class InternalError extends Error {
  override name = 'InternalError'

  constructor(readonly errorId: string) {
    super('Internal server error')
  }
}

/** An input object of the schema, and how the core validates it. */
export interface SchemaInput {
  type: GraphQLInputObjectType
  /** The problems of the fields that are given, all of them of the right type. Fields may be missing. */
  problemsOf(given: Record<string, unknown>): Problem[]
}

/** Runs documents against the guarded schema inside the process: the only way from REST to the core. */
export interface SchemaExecutor {
  input(name: keyof typeof VALIDATORS): SchemaInput
  /**
   * @param request the caller, and the log for internal errors
   * @throws Failure, InternalError
   */
  run<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    request: { caller: Caller; log: ErrorLog },
  ): Promise<Data>
}

/** The inputs of the schema that are bodies of REST requests. */
const VALIDATORS = {
  WebhookEndpointInput: (given, core) => validateEndpoint(given, 'input', core),
  WebhookEndpointPatch: (given, core) => validateEndpoint(given, 'patch', core),
  PublishWebhookEventInput: validateEvent,
} satisfies Record<string, (given: Record<string, unknown>, core: Core) => Problem[]>

/** @param schema the guarded one */
export function schemaExecutor(schema: GraphQLSchema, core: Core): SchemaExecutor {
  return {
    input(name) {
      const type = schema.getType(name)
      if (!isInputObjectType(type)) throw new Error(`The schema has no input ${name}`)
      return { type, problemsOf: (given) => VALIDATORS[name](given, core) }
    },

    async run(document, variables, { caller, log }) {
      const contextValue = createContext(core, caller)
      const result = await execute({ schema, document, variableValues: variables, contextValue })
      const error = result.errors?.[0]
      if (error) {
        const { failure, errorId } = failureOf(error.originalError ?? error, log)
        // A field of a mutation's answer: the mutation itself has succeeded.
        const isStored = isMutation(document) && (error.path?.length ?? 0) > 1
        if (isStored && failure?.kind === 'service_unavailable') throw unknownOutcome(error)
        throw failure ?? new InternalError(errorId ?? '')
      }
      return result.data as never
    },
  }
}

/**
 * The value of a field that is null only together with an error: the executor throws errors.
 *
 * @throws Error when the value is null anyway
 */
export function present<Value>(value: Value | null | undefined): Value {
  if (value == null) throw new Error('The schema has answered null without an error')
  return value
}

const isMutation = (document: TypedDocumentNode<unknown, never>) =>
  getOperationAST(document)?.operation === OperationTypeNode.MUTATION

/**
 * Makes the function that decides whether a caller may run a document, whatever its variables. The schema decides the
 * same again when it runs the document. Reads the document once: call it at start, not for each request.
 *
 * @returns the denial of a caller; undefined = the caller may run the document
 */
export function documentAccess(
  document: TypedDocumentNode<unknown, never>,
): (caller: Caller) => Failure | undefined {
  const operation = getOperationAST(document)
  if (!operation || operation.operation === 'subscription') {
    throw new Error('A document must have one query or mutation')
  }
  const parent = operation.operation === 'query' ? 'Query' : 'Mutation'
  const fields = operation.selectionSet.selections.map((selection) => {
    if (selection.kind !== Kind.FIELD) throw new Error('An operation must select fields, not fragments')
    return selection.name.value
  })
  return (caller) => {
    for (const field of fields) {
      const denial = denialOf(caller, parent, field)
      if (denial) return denial
    }
    return undefined
  }
}
