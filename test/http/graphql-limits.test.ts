import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OperationDefinitionNode, parse } from 'graphql'
import { buildSchema } from '../../src/schema/build'
import { queryCost } from '../../src/schema/cost/query-cost'

const costOf = queryCost(buildSchema())

it('every document of the REST API costs less than the limit, whatever its variables', () => {
  const file = join(__dirname, '../../src/http/rest/operations.graphql')
  const document = parse(readFileSync(file, 'utf8'))
  const operations = document.definitions.filter(({ kind }) => kind === 'OperationDefinition')
  const costs = operations.map((operation) =>
    costOf(document, operation as OperationDefinitionNode, undefined),
  )
  expect(costs.length).toBeGreaterThan(8)
  for (const { objects, mutations, testSends } of costs) {
    expect(objects).toBeLessThan(5_000)
    expect(mutations).toBeLessThanOrEqual(1)
    expect(testSends).toBe(0)
  }
})
