import { GraphQLError, type ValidationRule } from 'graphql'

/**
 * Rejects an operation of a type that the schema does not have. Without this rule of graphql-js 17, `subscription { x }` is valid
 * and fails during execution.
 */
export const knownOperationTypes: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (context.getSchema().getRootType(node.operation)) return
    context.reportError(
      new GraphQLError(`The schema has no operations of the type ${node.operation}.`, { nodes: node }),
    )
  },
})
