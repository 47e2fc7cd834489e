import { type GraphQLResolveInfo, Kind, type ValueNode } from 'graphql'
import { DATA_MAX_BYTES } from '../data-limits'
import { DATA_TOO_LONG } from '../events/validate-data'
import { throwProblems } from '../failure'
import { sliceAt } from '../json-slice'
import { JsonText } from '../json-text'

/** What a resolver knows of the request that it answers. */
interface Written {
  info: GraphQLResolveInfo
  /** the body of the request; undefined = it came from inside the process, with each JSON value as a JsonText */
  requestText: string | undefined
  /** the texts of variables by their names: a literal may use one many times */
  variables: Map<string, string | undefined>
  /** how many characters of a literal are still allowed */
  left: number
}

/**
 * The value of a JSON argument, or of a JSON field in an argument, as the caller wrote it: from a variable the very text, from a
 * literal the digits and the order of its keys, from the default of a variable the same. A variable inside a literal goes in as
 * the request wrote it, whatever its type. Only the fields that use it pay for it.
 *
 * @param path the argument, and the names of the fields that lead to the value. All of them are required.
 * @throws Failure when variables make a literal longer than the data of an event may be
 */
export function writtenJson(
  info: GraphQLResolveInfo,
  requestText: string | undefined,
  [argument, ...fields]: string[],
): JsonText {
  const node = info.fieldNodes[0]?.arguments?.find(({ name }) => name.value === argument)?.value
  const text = node && textAt(node, fields, { info, requestText, variables: new Map(), left: DATA_MAX_BYTES })
  if (text === undefined) throw new Error(`The argument ${argument} has no value at ${fields.join('.')}`)
  return new JsonText(text)
}

function textAt(node: ValueNode, path: string[], written: Written): string | undefined {
  if (node.kind === Kind.VARIABLE) return textOfVariable(node.name.value, path, written)
  const [name, ...rest] = path
  if (name === undefined) return textOfLiteral(node, written)
  const field = node.kind === Kind.OBJECT ? node.fields.find((each) => each.name.value === name) : undefined
  return field && textAt(field.value, rest, written)
}

function textOfVariable(name: string, path: string[], written: Written): string | undefined {
  const { info, requestText } = written
  const given =
    requestText === undefined
      ? jsonTextAt(info.variableValues[name], path)
      : sliceAt(requestText, ['variables', name, ...path])
  if (given !== undefined) return given
  const definition = info.operation.variableDefinitions?.find(({ variable }) => variable.name.value === name)
  return definition?.defaultValue && textAt(definition.defaultValue, path, written)
}

function jsonTextAt(value: unknown, path: string[]): string | undefined {
  let current = value
  for (const name of path) current = (current as Record<string, unknown> | undefined)?.[name]
  return current instanceof JsonText ? current.text : undefined
}

/** @returns undefined for a variable without a value */
function textOfLiteral(node: ValueNode, written: Written): string | undefined {
  switch (node.kind) {
    case Kind.VARIABLE:
      return textInLiteral(node.name.value, written)
    case Kind.INT:
    case Kind.FLOAT:
      // Numbers have the same grammar in GraphQL and in JSON.
      return node.value
    case Kind.STRING:
    case Kind.BOOLEAN:
      return JSON.stringify(node.value)
    case Kind.NULL:
      return 'null'
    case Kind.LIST:
      return `[${node.values.map((value) => textOfLiteral(value, written) ?? 'null').join(',')}]`
    case Kind.OBJECT:
      return `{${node.fields.flatMap(({ name, value }) => memberOf(name.value, textOfLiteral(value, written))).join(',')}}`
    case Kind.ENUM:
      // From the default of a variable of an enum type: elsewhere the scalar JSON refuses one.
      return JSON.stringify(node.value)
  }
}

/** A document of some bytes could otherwise repeat a large variable hundreds of times. */
function textInLiteral(name: string, written: Written): string | undefined {
  const { variables } = written
  if (!variables.has(name)) variables.set(name, textOfVariable(name, [], written))
  const text = variables.get(name)
  written.left -= text?.length ?? 0
  if (written.left < 0) throwProblems([DATA_TOO_LONG])
  return text
}

/** As in GraphQL's own input objects, a field whose variable has no value is left out. */
const memberOf = (name: string, value: string | undefined) =>
  value === undefined ? [] : [`${JSON.stringify(name)}:${value}`]
