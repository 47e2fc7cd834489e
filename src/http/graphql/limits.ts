import type {
  ApolloServerPlugin,
  GraphQLRequestContextDidResolveOperation,
  GraphQLRequestListener,
} from '@apollo/server'
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth'
import {
  type ASTVisitor,
  GraphQLError,
  type GraphQLSchema,
  getIntrospectionQuery,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import type { Context } from '../../schema/context'
import { type QueryCost, queryCost } from '../../schema/cost/query-cost'

/** Enough for every query of the schema. Fragments and introspection do not count. */
const MAX_DEPTH = 20
const MAX_ALIASES = 15
/** An answer repeats aliases, once for each object. */
const MAX_ALIAS_LENGTH = 128
type CostLimit = [kind: keyof QueryCost, limit: number, message: (cost: number, limit: number) => string]

/** What one request may cost, beside introspection. */
const COST_LIMITS: CostLimit[] = [
  ['mutations', 10, (cost, limit) => `The request has ${cost} mutations; at most ${limit} are allowed.`],
  ['testSends', 1, (cost, limit) => `The request has ${cost} test sends; at most ${limit} is allowed.`],
  ['objects', 10_000, tooManyObjects],
]

function tooManyObjects(cost: number, limit: number): string {
  const most = limit.toLocaleString('en-US')
  return `The request may return ${cost.toLocaleString('en-US')} objects; at most ${most} are allowed. Request shorter lists.`
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
  const limits = [...COST_LIMITS, introspectionLimit(costOf)]
  const excessOf = (costs: QueryCost) =>
    limits.flatMap(([kind, limit, message]) => {
      const cost = costs[kind]
      const extensions = { code: 'QUERY_TOO_COSTLY', cost, limit, http: { status: 400 } }
      return cost > limit ? new GraphQLError(message(cost, limit), { extensions }) : []
    })[0]
  // Apollo keeps documents that it has parsed, so most operations are measured once.
  const cheap = new WeakMap<OperationDefinitionNode, boolean>()
  const throwIfCostly = ({ document, operation, request: { variables } }: ResolvedOperation) => {
    if (operation === undefined) return
    const isCheap = cheap.get(operation) ?? excessOf(costOf(document, operation, undefined)) === undefined
    cheap.set(operation, isCheap)
    if (isCheap) return
    const excess = excessOf(costOf(document, operation, variables ?? {}))
    if (excess) throw excess
  }
  // Apollo awaits what these functions return. They return no promise, and all requests share one listener.
  const listener = { didResolveOperation: throwIfCostly } as unknown as GraphQLRequestListener<Context>
  return { requestDidStart: (() => listener) as never }
}

type ResolvedOperation = GraphQLRequestContextDidResolveOperation<Context>

/**
 * Twice the size of the query by which tools introspect everything. In development callers without a token introspect, and may not read
 * the answer.
 */
function introspectionLimit(costOf: ReturnType<typeof queryCost>): CostLimit {
  const options = { directiveIsRepeatable: true, inputValueDeprecation: true, schemaDescription: true }
  const document = parse(getIntrospectionQuery(options))
  const { introspected } = costOf(document, getOperationAST(document) as OperationDefinitionNode, {})
  return ['introspected', 2 * introspected, tooManyObjects]
}
