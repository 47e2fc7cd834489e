import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GraphQLObjectType, Kind, parse } from 'graphql'
import type { EndpointFragment } from '../../../src/generated/graphql/graphql'
import { endpointJson, type JsonOf } from '../../../src/http/rest/json'
import { buildSchema } from '../../../src/schema/build'
import { snakeCase } from '../../../src/snake-case'

/** Fields of WebhookEndpoint that the JSON does not have. The header ETag has the version. */
const NOT_IN_REST = ['version', 'disabledReason', 'disabledAt']

const ENDPOINT: EndpointFragment = {
  id: '7',
  createdAt: new Date('2026-11-24T01:02:03.004Z'),
  updatedAt: new Date('2026-11-24T03:02:03.400+02:00'),
  version: 3,
  isActive: false,
  target: 'https://example.com/hook',
  description: 'for the shop',
  sslCertVerification: true,
  events: [
    { type: 'category.created', addedAt: new Date('2026-11-24T01:02:03.004Z') },
    { type: 'post.created', addedAt: new Date('2026-11-25T00:00:00Z') },
  ],
}

describe('an endpoint in the documented JSON', () => {
  it('has exactly the documented fields, instants in RFC 3339 and UTC', () => {
    expect(JSON.parse(JSON.stringify(endpointJson(ENDPOINT)))).toEqual({
      id: 7,
      created_at: '2026-11-24T01:02:03.004Z',
      updated_at: '2026-11-24T01:02:03.400Z',
      is_active: false,
      target: 'https://example.com/hook',
      description: 'for the shop',
      events: [
        { type: 'category.created', added_at: '2026-11-24T01:02:03.004Z' },
        { type: 'post.created', added_at: '2026-11-25T00:00:00.000Z' },
      ],
      ssl_cert_verification: true,
    })
  })

  it('has every field of WebhookEndpoint that is not named here as left out', () => {
    const type = buildSchema().getType('WebhookEndpoint') as GraphQLObjectType
    const shown = Object.values(type.getFields())
      // Not the lists of other things.
      .filter(({ args }) => args.length === 0)
      .map(({ name }) => name)
      .filter((field) => !NOT_IN_REST.includes(field))
    expect(fragmentFields('Endpoint').filter((field) => !NOT_IN_REST.includes(field))).toEqual(shown.sort())
    expect(Object.keys(endpointJson(ENDPOINT)).sort()).toEqual(shown.map(snakeCase).sort())
  })

  it('does not compile without a field of the fragment', () => {
    const json = endpointJson(ENDPOINT)
    json satisfies JsonOf<EndpointFragment, 'version'>
    // @ts-expect-error The JSON has no retry_policy.
    json satisfies JsonOf<EndpointFragment & { retryPolicy: string }, 'version'>
    // @ts-expect-error The JSON has no version.
    json satisfies JsonOf<EndpointFragment>
  })
})

/** The names of the fields of a fragment of operations.graphql, sorted. */
function fragmentFields(name: string): string[] {
  const file = join(__dirname, '../../../src/http/rest/operations.graphql')
  const fragment = parse(readFileSync(file, 'utf8')).definitions.find(
    (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name,
  )
  if (fragment?.kind !== Kind.FRAGMENT_DEFINITION) throw new Error(`There is no fragment ${name}.`)
  return fragment.selectionSet.selections
    .map((selection) => (selection.kind === Kind.FIELD ? selection.name.value : ''))
    .sort()
}
