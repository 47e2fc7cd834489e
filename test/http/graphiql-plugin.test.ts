import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { buildSchema, getVariableValues, Kind, type OperationDefinitionNode, parse, validate } from 'graphql'
import { examples } from '../../src/console/graphiql/examples'
import { type GraphiqlOptions, graphiqlPlugin } from '../../src/http/graphiql-plugin'

describe('the GraphiQL page', () => {
  const pagesFolder = mkdtempSync(path.join(tmpdir(), 'hookgate-pages-'))
  let app: FastifyInstance

  beforeAll(() => {
    mkdirSync(path.join(pagesFolder, 'graphiql/assets'), { recursive: true })
    writeFileSync(path.join(pagesFolder, 'graphiql/index.html'), '<title>GraphiQL</title>')
    writeFileSync(path.join(pagesFolder, 'graphiql/assets/index-AbCd1234.js'), 'export {}')
    writeFileSync(path.join(pagesFolder, 'secret.txt'), 'not a page')
    app = start({ pagesFolder })
  })

  afterAll(async () => {
    await app.close()
    rmSync(pagesFolder, { recursive: true })
  })

  it.each(['/graphiql/', '/graphiql/?query={__typename}'])(
    'is served at %s, and browsers revalidate it each time',
    async (url) => {
      const answer = await app.inject(url)
      expect(answer.statusCode).toBe(200)
      expect(answer.headers['content-type']).toMatch(/^text\/html/)
      expect(answer.headers['cache-control']).toBe('no-cache')
      expect(answer.body).toContain('GraphiQL')
    },
  )

  it.each([
    ['/graphiql', 'https://x.example/any/graphiql/'],
    ['/graphiql?a=b?c&d=/', 'https://x.example/any/graphiql/?a=b?c&d=/'],
  ])('is found below any path of a proxy without a slash at the end: %s', async (url, found) => {
    const { statusCode, headers } = await app.inject(url)
    expect(statusCode).toBe(302)
    expect(new URL(String(headers.location), `https://x.example/any${url}`).href).toBe(found)
  })

  it('is served with a trailing slash when the server does not ignore trailing slashes', async () => {
    const strict = Fastify().register(graphiqlPlugin, { pagesFolder })
    expect((await strict.inject('/graphiql')).headers.location).toBe('graphiql/')
    expect((await strict.inject('/graphiql/')).statusCode).toBe(200)
    await strict.close()
  })

  it('lets browsers cache its assets for a year', async () => {
    const answer = await app.inject('/graphiql/assets/index-AbCd1234.js')
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toMatch(/javascript/)
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  })

  it.each(['/graphiql', '/graphiql/assets/index-AbCd1234.js'])(
    'runs only its own scripts, and in no frame: %s',
    async (url) => {
      const { headers } = await app.inject(url)
      const policy = headers['content-security-policy']
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("script-src 'self';")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['referrer-policy']).toBe('no-referrer')
    },
  )

  it('gives no token to anybody', async () => {
    const answer = await app.inject('/graphiql/session')
    expect(answer.statusCode).toBe(404)
  })

  it.each(['/graphiql/assets/none.js', '/graphiql/../secret.txt', '/graphiql/%2e%2e/secret.txt'])(
    'serves no other file: %s',
    async (url) => {
      expect((await app.inject(url)).statusCode).toBeGreaterThanOrEqual(400)
    },
  )
})

describe('the example tabs', () => {
  const schema = buildSchema(readFileSync(path.join(__dirname, '../../schema.graphql'), 'utf8'))

  it.each(examples)('$name is valid with its variables', ({ name, query, variables }) => {
    const document = parse(query)
    const operation = document.definitions[0] as OperationDefinitionNode
    expect(operation.name?.value).toBe(name)
    expect(validate(schema, document)).toEqual([])
    const values = getVariableValues(
      schema,
      operation.variableDefinitions ?? [],
      JSON.parse(variables || '{}'),
    )
    expect(values.errors).toBeUndefined()
  })

  it('start with the update and have every operation', () => {
    const fields = examples.flatMap(({ query }) =>
      parse(query).definitions.flatMap((definition) =>
        definition.kind === Kind.OPERATION_DEFINITION
          ? definition.selectionSet.selections.map((field) => field.kind === Kind.FIELD && field.name.value)
          : [],
      ),
    )
    expect(fields[0]).toBe('updateWebhookEndpoint')
    const operations = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    )
    expect(fields.sort()).toEqual(operations.sort())
  })
})

function start(options: GraphiqlOptions): FastifyInstance {
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } })
  app.register(graphiqlPlugin, options)
  return app
}
