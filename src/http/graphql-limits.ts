import type { ApolloServerPlugin } from '@apollo/server'
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import {
  type ASTVisitor,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import type { Context } from '../schema/context'
import { type QueryCost, queryCost } from '../schema/cost/query-cost'

/** Enough for every query of the schema. Fragments and introspection do not count. */
const MAX_DEPTH = 20
const MAX_ALIASES = 15
/** An answer repeats aliases, once for each object. */
const MAX_ALIAS_LENGTH = 128
/** The objects of an answer, and the objects of the schema that introspection answers. GraphiQL's query asks for 600 of them. */
const OBJECTS_MAX = 10_000

/** What one request may cost. */
const COST_LIMITS: [keyof QueryCost, number, (cost: number, limit: number) => string][] = [
  ['mutations', 10, (cost, limit) => `The request has ${cost} mutations; at most ${limit} are allowed.`],
  ['testSends', 1, (cost, limit) => `The request has ${cost} test sends; at most ${limit} is allowed.`],
  ['introspected', OBJECTS_MAX, tooManyObjects],
  ['objects', OBJECTS_MAX, tooManyObjects],
]

function tooManyObjects(cost: number, limit: number): string {
  const most = limit.toLocaleString('en-US')
  return `The request may return ${cost.toLocaleString('en-US')} objects; at most ${most} are allowed. Ask for shorter lists.`
}

/** Has the rules of graphql-armor report problems. By default they throw, which Apollo takes for an internal error. */
const reported = {
  onReject: [(context: ValidationContext | null, error: GraphQLError) => context?.reportError(error)],
  propagateOnRejection: false,
}

/** Limits of a document, whatever its variables. */
export const limitRules: ValidationRule[] = [
  maxDepthRule({
    n: MAX_DEPTH,
    ignoreIntrospection: true,
    flattenFragments: true,
    ...reported,
  }) as unknown as ValidationRule,
  // By default this rule does not count the aliases of introspection fields.
  maxAliasesRule({ n: MAX_ALIASES, allowList: [], ...reported }) as unknown as ValidationRule,
  shortAliases,
]

function shortAliases(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.alias === undefined || node.alias.value.length <= MAX_ALIAS_LENGTH) return
      const message = `An alias must have at most ${MAX_ALIAS_LENGTH} characters.`
      context.reportError(new GraphQLError(message, { nodes: node }))
    },
  }
}

/** Refuses an operation that costs more than a limit, before anything runs. */
export function costLimit(schema: GraphQLSchema): ApolloServerPlugin<Context> {
  const costOf = queryCost(schema)
  // Apollo keeps documents that it has parsed, so most operations are measured once.
  const cheap = new WeakMap<OperationDefinitionNode, boolean>()
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ document, operation, request: { variables } }) {
          if (operation === undefined) return
          const isCheap =
            cheap.get(operation) ?? excessOf(costOf(document, operation, undefined)) === undefined
          cheap.set(operation, isCheap)
          if (isCheap) return
          const excess = excessOf(costOf(document, operation, variables ?? {}))
          if (excess) throw excess
        },
      }
    },
  }
}

function excessOf(costs: QueryCost): GraphQLError | undefined {
  for (const [kind, limit, message] of COST_LIMITS) {
    const cost = costs[kind]
    if (cost <= limit) continue
    const extensions = { code: 'QUERY_TOO_COSTLY', cost, limit, http: { status: 400 } }
    return new GraphQLError(message(cost, limit), { extensions })
  }
  return undefined
}
