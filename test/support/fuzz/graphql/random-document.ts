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
import { CLOSED_PORT, EVENT_TYPES } from '../inputs/endpoint-fields'
import { publishedSchema } from './published-schema'

export interface RandomDocument {
  query: string
  isMutation: boolean
}

/** Ids that the document may use. */
export interface KnownIds {
  endpoints: string[]
  events: string[]
}

/** A test send goes to the target of an endpoint, and a random document may have set that target to any address. */
const NEVER_USED = new Set(['sendTestWebhookEvent'])

const MAX_DEPTH = 6

const LITERALS: Record<string, string[]> = {
  Int: ['1', '0', '-1', '100', '2147483647', '2147483648', '1.0', 'null'],
  Boolean: ['true', 'false', 'null', '"true"'],
  JSON: ['{a: 1}', '[]', '"x"', 'null', '{a: [{b: [1.5, true, null]}]}', '1e400'],
}

/**
 * Writes a GraphQL document that the published schema allows in most cases, and otherwise almost allows.
 *
 * @param choices numbers that decide about the document, one after the other. A missing number counts as 0, which is
 *   the simplest choice, so that shrinking the list simplifies the document.
 */
export const randomDocument = (choices: number[], ids: KnownIds): RandomDocument =>
  new DocumentWriter(choices, ids).document()

class DocumentWriter {
  private nextChoice = 0
  private readonly fragments: string[] = []

  constructor(
    private readonly choices: number[],
    private readonly ids: KnownIds,
  ) {}

  document(): RandomDocument {
    const isMutation = this.oneIn(3)
    const type = isMutation ? publishedSchema.getMutationType() : publishedSchema.getQueryType()
    const fields = Object.values(type?.getFields() ?? {}).filter(({ name }) => !NEVER_USED.has(name))
    const roots = Array.from({ length: 1 + this.choose(3) }, (_, index) => {
      const alias = this.oneIn(2) ? `a${index}: ` : ''
      return alias + this.field(this.oneOf(fields), 1)
    })
    if (this.oneIn(10)) roots.push('__typename')
    const name = this.oneIn(2) ? ' Odd' : ''
    const whole = `${isMutation ? 'mutation' : 'query'}${name} { ${roots.join(' ')} } ${this.fragments.join(' ')}`
    return { query: this.oneIn(12) ? this.damaged(whole) : whole, isMutation }
  }

  private field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const args = field.args
      .filter((arg) => (isRequiredArgument(arg) ? !this.oneIn(40) : this.oneIn(3)))
      .map((arg) => `${arg.name}: ${this.value(arg.type, arg.name)}`)
    const directive = this.oneIn(20)
      ? this.oneOf([' @include(if: true)', ' @skip(if: true)', ' @skip(if: 1)'])
      : ''
    const given = args.length > 0 ? `(${args.join(', ')})` : ''
    return `${field.name}${given}${directive}${this.selection(field.type, depth)}`
  }

  private selection(output: GraphQLOutputType, depth: number): string {
    const type = getNamedType(output)
    if (!isObjectType(type)) return this.oneIn(60) ? ' { id }' : ''
    if (depth > MAX_DEPTH || this.oneIn(60)) return this.oneIn(4) ? '' : ' { __typename }'
    const fields = Object.values(type.getFields())
    const chosen = fields.filter((field) => this.oneIn(isObjectType(getNamedType(field.type)) ? 3 : 2))
    const parts = chosen.map((field) => {
      const alias = this.oneIn(12) ? `${this.oneOf(['a', 'b', '__c', field.name])}: ` : ''
      return alias + this.field(field, depth + 1)
    })
    const body = [...parts, ...(parts.length === 0 || this.oneIn(8) ? ['__typename'] : [])].join(' ')
    if (this.oneIn(12)) return ` { ... on ${type.name} { ${body} } }`
    if (!this.oneIn(12)) return ` { ${body} }`
    const name = `F${this.fragments.length}`
    this.fragments.push(`fragment ${name} on ${type.name} { ${body} }`)
    return ` { ...${name} ...${name} }`
  }

  private value(type: GraphQLInputType, name: string): string {
    if (this.oneIn(60))
      return this.oneOf(['null', '7', '"x"', '{}', '[]', 'ODD', '$missing', '1e400', '"""block"""'])
    if (isNonNullType(type)) return this.value(type.ofType, name)
    if (isListType(type)) {
      const count = this.oneOf([1, 1, 2, 0])
      return `[${Array.from({ length: count }, () => this.value(type.ofType, name)).join(', ')}]`
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(
        (field) => isRequiredInputField(field) || this.oneIn(3),
      )
      return `{${fields.map((field) => `${field.name}: ${this.value(field.type, field.name)}`).join(', ')}}`
    }
    if (isEnumType(type)) return this.oneOf(type.getValues()).name
    return this.oneOf(LITERALS[type.name] ?? this.textLiterals(name))
  }

  /** @param name of an argument or an input field, which decides what texts make sense */
  private textLiterals(name: string): string[] {
    const quoted = (texts: string[]) => texts.map((text) => JSON.stringify(text))
    const { endpoints, events } = this.ids
    if (/^eventIds?$/.test(name)) return [...quoted(events), '1', '"0"', '-1']
    if (/id$/i.test(name)) return [...quoted(endpoints), ...endpoints, '"x"', '-1', '""']
    if (/type$/i.test(name)) return quoted([...EVENT_TYPES, 'no.such'])
    if (name === 'target') return quoted([CLOSED_PORT, `${CLOSED_PORT}odd`, 'nope'])
    return ['"odd"', '""', '"\\u0000"', '"\\uD800"', '"\\u{1F642}"', '"""a\n  b"""', 'null']
  }

  /** Replaces up to two characters by nothing, or by a text that breaks the syntax in most places. */
  private damaged(text: string): string {
    const start = this.choose(text.length)
    const inserted = this.oneOf(['', '{', '}', '"', '$', '...', '#', '\0', '\ufeff', '@x', ' & ', '\ud800'])
    return text.slice(0, start) + inserted + text.slice(start + this.choose(3))
  }

  private oneOf<Item>(items: readonly Item[]): Item {
    return items[this.choose(items.length)] as Item
  }

  /** True once in so many times. False when no choices are left. */
  private oneIn(times: number): boolean {
    return this.choose(times) === times - 1
  }

  private choose(count: number): number {
    const number = this.choices[this.nextChoice] ?? 0
    this.nextChoice += 1
    return number % count
  }
}
