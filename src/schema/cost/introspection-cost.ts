import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
} from 'graphql'
import { type FieldNodes, type SelectedFields, setsOf } from './selected-fields'

/** Parts of the schema, and how often the answer has each of them. */
type Parts = Map<unknown, number>

/** Counting ends here: an answer of more is too large, whatever its size. */
const COUNTED_MAX = 200_000

/**
 * Counts what introspection answers, exactly, because the schema is known. Types lead to fields and fields to types, so a short
 * document can request millions of objects. Each selection looks once at each part of the schema that it meets, however often
 * the answer has that part.
 */
export class IntrospectionCost {
  #objects = 0
  #looks = 0

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fields: SelectedFields,
  ) {}

  /**
   * @param nodes of `__schema`, `__type` or `__typename`
   * @returns the number of objects; `COUNTED_MAX` = that many or more
   */
  measure(nodes: FieldNodes): number {
    const name = nodes[0].name.value
    if (name === '__schema') this.#add(SchemaMetaFieldDef, new Map([[this.schema, 1]]), nodes)
    if (name === '__type') this.#add(TypeMetaFieldDef, this.#typesOf(nodes), nodes)
    return this.#isFull ? COUNTED_MAX : this.#objects
  }

  get #isFull(): boolean {
    return this.#objects >= COUNTED_MAX || this.#looks >= COUNTED_MAX
  }

  /** The type that `__type` names; every type when the name is not known. */
  #typesOf([node]: FieldNodes): Parts {
    const name = this.fields.valueOf(
      node.arguments?.find((argument) => argument.name.value === 'name')?.value,
    )
    const all = this.schema.getTypeMap()
    const types = typeof name === 'string' ? [all[name]] : Object.values(all)
    return new Map(types.flatMap((type) => (type ? [[type, 1]] : [])))
  }

  #add({ type }: GraphQLField<unknown, unknown>, parts: Parts, nodes: FieldNodes): void {
    for (const count of parts.values()) this.#objects += count
    const named = getNamedType(type) as GraphQLObjectType
    for (const selected of this.fields.in(setsOf(nodes))) {
      if (this.#isFull) return
      const field = named.getFields()[selected[0].name.value]
      if (field && isObjectType(getNamedType(field.type)))
        this.#add(field, this.#partsBelow(field, parts), selected)
    }
  }

  /** What a field of introspection answers for each part. Deprecated fields count, whether requested or not. */
  #partsBelow({ resolve }: GraphQLField<unknown, unknown>, parts: Parts): Parts {
    const below: Parts = new Map()
    for (const [part, count] of parts) {
      this.#looks += 1
      const value = resolve?.(part, { includeDeprecated: true }, undefined, {
        schema: this.schema,
      } as GraphQLResolveInfo)
      for (const one of [value ?? []].flat()) below.set(one, (below.get(one) ?? 0) + count)
    }
    return below
  }
}
