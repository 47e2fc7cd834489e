import { GraphQLObjectType, GraphQLSchema, GraphQLString, graphql } from 'graphql'
import { afterChange } from '../../src/database/after-change'
import { UnansweredError } from '../../src/database/unanswered'
import { Failure } from '../../src/failure'
import { reportUnknownOutcomes } from '../../src/schema/unknown-outcome'

/** Runs a field whose resolver throws or returns an error, as a query or as a mutation. */
async function failureOf(operation: 'query' | 'mutation', resolve: () => unknown) {
  const fields = { field: { type: GraphQLString, resolve } }
  const schema = reportUnknownOutcomes(
    new GraphQLSchema({
      query: new GraphQLObjectType({ name: 'Query', fields }),
      mutation: new GraphQLObjectType({ name: 'Mutation', fields }),
    }),
  )
  const { errors } = await graphql({ schema, source: `${operation} { field }` })
  return errors?.[0]?.originalError
}

const unanswered = () => new UnansweredError('Query read timeout')
const throwing = (error: unknown) => () => {
  throw error
}

describe('a statement without an answer', () => {
  it.each<[string, () => unknown]>([
    ['thrown', throwing(unanswered())],
    ['returned, as graphql-shield does', unanswered],
    ['rejected', () => Promise.reject(unanswered())],
    ['the cause of another error', throwing(new Error('of Prisma', { cause: unanswered() }))],
  ])('is an unknown outcome of a mutation: %s', async (_case, resolve) => {
    const failure = await failureOf('mutation', resolve)
    expect(failure).toBeInstanceOf(Failure)
    expect(failure).toMatchObject({ kind: 'outcome_unknown', cause: expect.any(Error) })
  })

  it('is no unknown outcome of a query', async () => {
    expect(await failureOf('query', throwing(unanswered()))).toBeInstanceOf(UnansweredError)
  })
})

it('other errors of a mutation pass unchanged', async () => {
  const error = new Failure('not_found', 'There is none.')
  expect(await failureOf('mutation', throwing(error))).toBe(error)
  expect(await failureOf('mutation', () => 'a value')).toBeUndefined()
})

describe('what follows a stored change', () => {
  it('has an unknown outcome when the database does not answer', async () => {
    const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
    await expect(afterChange(Promise.reject(refused))).rejects.toBeInstanceOf(UnansweredError)
  })

  it('passes other errors and values', async () => {
    const error = new Error('a bug')
    await expect(afterChange(Promise.reject(error))).rejects.toBe(error)
    expect(await afterChange(Promise.resolve(7))).toBe(7)
  })
})
