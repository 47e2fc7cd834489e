import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped, visit } from 'graphql'

/**
 * Any JSON value. A resolver gets the parsed value of an argument: written-json.ts has the text that the caller wrote. In results
 * a JsonText is printed as it is.
 */
export const GraphQLJson = new GraphQLScalarType({
  name: 'JSON',
  description:
    'Any JSON value. In a variable every digit and every key counts. In a literal: numbers, strings, booleans, null, lists, ' +
    'objects and variables, but no enum values.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral(node, variables) {
    refuseEnumValues(node)
    return valueFromASTUntyped(node, variables)
  },
})

/** JSON has no enum values. Only GraphQL's grammar makes one of a name without quotes. */
function refuseEnumValues(literal: ValueNode): void {
  visit(literal, {
    [Kind.ENUM](node) {
      const name = node.value.slice(0, 100)
      throw new GraphQLError(`JSON has no enum value ${name}: write a string, "${name}".`, { nodes: node })
    },
  })
}
