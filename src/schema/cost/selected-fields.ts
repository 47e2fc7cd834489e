import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'

/** The values of the variables of a request, as the caller sent them; undefined = not known. */
export type Variables = Readonly<Record<string, unknown>> | undefined

/** The nodes of one response key: the same field with the same arguments. */
export type FieldNodes = [FieldNode, ...FieldNode[]]

/** The most selections that are read. */
const SELECTIONS_MAX = 20_000

/** Reads the fields that an operation selects, as graphql-js collects them when it runs the operation. */
export class SelectedFields {
  readonly #fragments = new Map<string, FragmentDefinitionNode>()
  #selections = 0

  constructor(
    document: DocumentNode,
    private readonly operation: OperationDefinitionNode,
    private readonly variables: Variables,
  ) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition)
    }
  }

  /** True once the document, with its fragments in place, had more selections than are read. The rest is left out. */
  get isTooLong(): boolean {
    return this.#selections > SELECTIONS_MAX
  }

  /** The fields of selection sets, fragments in place, grouped by response key, without those that are skipped for sure. */
  in(sets: SelectionSetNode[]): Iterable<FieldNodes> {
    const byKey = new Map<string, FieldNodes>()
    const visited = new Set<string>()
    for (const set of sets) this.#collect(set, byKey, visited)
    return byKey.values()
  }

  #collect(set: SelectionSetNode, byKey: Map<string, FieldNodes>, visited: Set<string>): void {
    for (const selection of set.selections) {
      this.#selections += 1
      if (this.isTooLong) return
      if (!this.#isIncluded(selection)) continue
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value
        const nodes = byKey.get(key)
        if (nodes) nodes.push(selection)
        else byKey.set(key, [selection])
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.#collect(selection.selectionSet, byKey, visited)
      } else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value)
        const fragment = this.#fragments.get(selection.name.value)
        if (fragment) this.#collect(fragment.selectionSet, byKey, visited)
      }
    }
  }

  /** Whether `@skip` and `@include` leave a selection in; true where that is not known. */
  #isIncluded({ directives = [] }: SelectionNode): boolean {
    return directives.every(({ name, arguments: args = [] }) => {
      if (name.value !== 'skip' && name.value !== 'include') return true
      const value = this.valueOf(args.find((argument) => argument.name.value === 'if')?.value)
      return typeof value !== 'boolean' || value !== (name.value === 'skip')
    })
  }

  /**
   * The value of an argument, as far as costs depend on it.
   *
   * @returns a number, text, boolean or list; undefined = left out or null; UNKNOWN = anything else, and a variable that is not known
   */
  valueOf(node: ValueNode | undefined): unknown {
    switch (node?.kind) {
      case undefined:
      case Kind.NULL:
        return undefined
      case Kind.INT:
        return Number(node.value)
      case Kind.STRING:
      case Kind.BOOLEAN:
        return node.value
      case Kind.LIST:
        return node.values
      case Kind.VARIABLE:
        return this.#valueOfVariable(node.name.value)
      default:
        return UNKNOWN
    }
  }

  #valueOfVariable(name: string): unknown {
    if (this.variables === undefined) return UNKNOWN
    if (Object.hasOwn(this.variables, name)) return this.variables[name] ?? undefined
    const definition = this.operation.variableDefinitions?.find(
      ({ variable }) => variable.name.value === name,
    )
    return this.valueOf(definition?.defaultValue)
  }
}

/** A value that is not known before the operation runs. */
export const UNKNOWN = Symbol('unknown')

export const setsOf = (nodes: FieldNodes): SelectionSetNode[] =>
  nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
