import type { ApolloServerPlugin, GraphQLRequestContext, GraphQLRequestListener } from '@apollo/server'
import type { FastifyRequest } from 'fastify'
import {
  type DocumentNode,
  type FieldNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql'
import type { Failure } from '../../failure'
import type { Context } from '../../schema/context'
import { codeOf } from '../../schema/errors'
import { introspectionDenial } from '../../schema/permissions'

/** The fields of a query that read the schema. Each has a resolver of graphql-js, which no rule of the schema guards. */
const SCHEMA_FIELDS = ['__schema', '__type']
const INTROSPECTION = [...SCHEMA_FIELDS, '__typename']

/**
 * Why a request without a token is denied as a whole; undefined = its document only introspects. Only a development gateway gets
 * here with such a request: denyUnknownCallers has answered all others before their bodies were read.
 */
export function denialOfDocument(request: FastifyRequest, maxTokens: number): Failure | undefined {
  const { denial } = request.caller
  if (!denial) return undefined
  const query = request.method === 'POST' ? queryOfBody(request.body) : queryOfUrl(request.url)
  // Apollo answers 400 to a request without a document, or with several.
  if (typeof query !== 'string' || onlyIntrospects(query, maxTokens)) return undefined
  return denial
}

const queryOfBody = (body: unknown) => (body as { query?: unknown } | null | undefined)?.query

/** Reads the URL as Apollo does: the document that is checked must be the one that runs. */
function queryOfUrl(url: string): string | undefined {
  const [query, ...more] = new URL(url, 'http://localhost').searchParams.getAll('query')
  return more.length === 0 ? query : undefined
}

/** Whether every operation of a document does nothing but introspection. */
function onlyIntrospects(source: string, maxTokens: number): boolean {
  let document: DocumentNode
  try {
    document = parse(source, { maxTokens, noLocation: true })
  } catch {
    // Apollo would report the fault. A caller without a token gets the denial first, as by REST.
    return false
  }
  const fields = document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? rootFields(definition, document) : [],
  )
  return fields.length > 0 && fields.every(({ name }) => INTROSPECTION.includes(name.value))
}

/** In production only admins read the schema: a field error for any other caller. */
export const introspectionForAdmins: ApolloServerPlugin<Context> = {
  // Apollo awaits the result. For admins, who send nearly all requests, there is no promise and no listener.
  requestDidStart: (({ contextValue }: GraphQLRequestContext<Context>) => {
    const denial = introspectionDenial(contextValue.caller)
    if (!denial) return undefined
    const listener: GraphQLRequestListener<Context> = {
      async willSendResponse({ document, operation, response: { body } }) {
        if (!document || !operation || body.kind !== 'single') return
        const { singleResult } = body
        for (const { name, alias } of rootFields(operation, document)) {
          const key = alias?.value ?? name.value
          if (!SCHEMA_FIELDS.includes(name.value) || singleResult.data?.[key] === undefined) continue
          // The type of __schema is not nullable, that of __type is.
          singleResult.data = name.value === '__type' ? { ...singleResult.data, [key]: null } : null
          const error = { message: denial.message, path: [key], extensions: { code: codeOf(denial) } }
          singleResult.errors = [...(singleResult.errors ?? []), error]
        }
      },
    }
    return listener
  }) as never,
}

/** The fields that an operation selects at the top, by way of fragments as well. */
function rootFields(operation: OperationDefinitionNode, { definitions }: DocumentNode): FieldNode[] {
  const fields: FieldNode[] = []
  const visited = new Set<string>()
  const visit = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) fields.push(selection)
      else if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet)
      else visitFragment(selection.name.value)
    }
  }
  const visitFragment = (name: string): void => {
    // Before validation a fragment may contain itself.
    if (visited.has(name)) return
    visited.add(name)
    for (const definition of definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name) {
        visit(definition.selectionSet)
      }
    }
  }
  visit(operation.selectionSet)
  return fields
}
