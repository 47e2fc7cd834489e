import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'
import { EVENT_TYPES, NOWHERE } from './fields'
import { schema } from './graphql-answer'

/** Numbers that decide the choices, one after the other. Missing ones are 0, the simplest choice. */
export type Tape = number[]

/** Sends to the target of an endpoint, which may be any address. */
const EXCLUDED = new Set(['sendTestWebhookEvent'])
const MAX_DEPTH = 6

const LITERALS: Record<string, string[]> = {
  Int: ['1', '0', '-1', '100', '2147483647', '2147483648', '1.0', 'null'],
  Boolean: ['true', 'false', 'null', '"true"'],
  JSON: ['{a: 1}', '[]', '"x"', 'null', '{a: [{b: [1.5, true, null]}]}', '1e400'],
}

export interface OddDocument {
  query: string
  /** whether it may change something */
  isMutation: boolean
}

/** Writes a document that is valid, or nearly valid, by the choices of a tape. */
export function documentOf(tape: Tape, endpointIds: string[], eventIds: string[]): OddDocument {
  return new Writer(tape, endpointIds, eventIds).document()
}

class Writer {
  private at = 0
  private readonly fragments: string[] = []

  constructor(
    private readonly tape: Tape,
    private readonly endpointIds: string[],
    private readonly eventIds: string[],
  ) {}

  document(): OddDocument {
    const isMutation = this.once(3)
    const type = isMutation ? schema.getMutationType() : schema.getQueryType()
    const fields = Object.values(type?.getFields() ?? {}).filter(({ name }) => !EXCLUDED.has(name))
    const roots = Array.from({ length: 1 + this.choose(3) }, (_, nth) => {
      const alias = this.once(2) ? `a${nth}: ` : ''
      return alias + this.field(this.of(fields), 1)
    })
    if (this.once(10)) roots.push('__typename')
    const name = this.once(2) ? ' Odd' : ''
    const whole = `${isMutation ? 'mutation' : 'query'}${name} { ${roots.join(' ')} } ${this.fragments.join(' ')}`
    return { query: this.once(12) ? this.broken(whole) : whole, isMutation }
  }

  private field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const args = field.args
      .filter((arg) => (isRequiredArgument(arg) ? !this.once(40) : this.once(3)))
      .map((arg) => `${arg.name}: ${this.value(arg.type, arg.name)}`)
    const directive = this.once(20)
      ? this.of([' @include(if: true)', ' @skip(if: true)', ' @skip(if: 1)'])
      : ''
    const given = args.length > 0 ? `(${args.join(', ')})` : ''
    return `${field.name}${given}${directive}${this.selection(field.type, depth)}`
  }

  private selection(output: GraphQLOutputType, depth: number): string {
    const type = getNamedType(output)
    if (!isObjectType(type)) return this.once(60) ? ' { id }' : ''
    if (depth > MAX_DEPTH || this.once(60)) return this.once(4) ? '' : ' { __typename }'
    const fields = Object.values(type.getFields())
    const chosen = fields.filter((field) => this.once(isObjectType(getNamedType(field.type)) ? 3 : 2))
    const parts = chosen.map((field) => {
      const alias = this.once(12) ? `${this.of(['a', 'b', '__c', field.name])}: ` : ''
      return alias + this.field(field, depth + 1)
    })
    const body = [...parts, ...(parts.length === 0 || this.once(8) ? ['__typename'] : [])].join(' ')
    if (this.once(12)) return ` { ... on ${type.name} { ${body} } }`
    if (!this.once(12)) return ` { ${body} }`
    const name = `F${this.fragments.length}`
    this.fragments.push(`fragment ${name} on ${type.name} { ${body} }`)
    return ` { ...${name} ...${name} }`
  }

  private value(type: GraphQLInputType, name: string): string {
    if (this.once(60))
      return this.of(['null', '7', '"x"', '{}', '[]', 'ODD', '$missing', '1e400', '"""block"""'])
    if (isNonNullType(type)) return this.value(type.ofType, name)
    if (isListType(type)) {
      const count = this.of([1, 1, 2, 0])
      return `[${Array.from({ length: count }, () => this.value(type.ofType, name)).join(', ')}]`
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(
        (field) => isRequiredInputField(field) || this.once(3),
      )
      return `{${fields.map((field) => `${field.name}: ${this.value(field.type, field.name)}`).join(', ')}}`
    }
    if (isEnumType(type)) return this.of(type.getValues()).name
    return this.of(LITERALS[type.name] ?? this.texts(name))
  }

  private texts(name: string): string[] {
    const quoted = (texts: string[]) => texts.map((text) => JSON.stringify(text))
    if (/^eventIds?$/.test(name)) return [...quoted(this.eventIds), '1', '"0"', '-1']
    if (/id$/i.test(name)) return [...quoted(this.endpointIds), ...this.endpointIds, '"x"', '-1', '""']
    if (/type$/i.test(name)) return quoted([...EVENT_TYPES, 'no.such'])
    if (name === 'target') return quoted([NOWHERE, `${NOWHERE}odd`, 'nope'])
    return ['"odd"', '""', '"\\u0000"', '"\\uD800"', '"\\u{1F642}"', '"""a\n  b"""', 'null']
  }

  /** Removes or inserts some characters. */
  private broken(text: string): string {
    const at = this.choose(text.length)
    const put = this.of(['', '{', '}', '"', '$', '...', '#', '\0', '\ufeff', '@x', ' & ', '\ud800'])
    return text.slice(0, at) + put + text.slice(at + this.choose(3))
  }

  private of<Item>(items: readonly Item[]): Item {
    return items[this.choose(items.length)] as Item
  }

  /** True once in this many times, and never at the end of the tape. */
  private once(times: number): boolean {
    return this.choose(times) === times - 1
  }

  private choose(count: number): number {
    const number = this.tape[this.at] ?? 0
    this.at += 1
    return number % count
  }
}
