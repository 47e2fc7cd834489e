import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { buildSchema, getVariableValues, Kind, type OperationDefinitionNode, parse, validate } from 'graphql'
import { examples } from '../../src/console/graphiql/examples'
import { type GraphiqlOptions, graphiqlPlugin } from '../../src/http/graphiql-plugin'

const developmentToken = async () => 'an-admin-token'

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

  it.each(['/graphiql', '/graphiql/assets/index-AbCd1234.js', '/graphiql/session'])(
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

  it.each(['/graphiql/assets/none.js', '/graphiql/../secret.txt', '/graphiql/%2e%2e/secret.txt'])(
    'serves no other file: %s',
    async (url) => {
      expect((await app.inject(url)).statusCode).toBeGreaterThanOrEqual(400)
    },
  )
})

describe('GET /graphiql/session', () => {
  it.each([
    ['localhost', '127.0.0.1'],
    ['localhost:4000', '::1'],
    ['127.0.0.1:4000', '::ffff:127.0.0.1'],
    ['[::1]:4000', '::1'],
  ])('gives the development token to Host %s from %s', async (host, remoteAddress) => {
    expect(await sessionToken({ host }, remoteAddress)).toBe('an-admin-token')
  })

  it('gives the token to its own page', async () => {
    expect(await sessionToken({ 'sec-fetch-site': 'same-origin' })).toBe('an-admin-token')
  })

  it('gives null when the gateway has no development token', async () => {
    expect(await sessionToken({}, '127.0.0.1', {})).toBeNull()
  })

  it.each(['192.168.1.20', '10.0.0.7', '::ffff:10.0.0.7', '2001:db8::1'])(
    'gives null to another machine: %s',
    async (remoteAddress) => {
      expect(await sessionToken({}, remoteAddress)).toBeNull()
    },
  )

  it.each([
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    'evil.example#@localhost',
    '127.0.0.1.evil.example',
  ])('gives null for a name that resolves to this machine: %j', async (host) => {
    expect(await sessionToken({ host })).toBeNull()
  })

  it.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'])(
    'gives null through a proxy: %s',
    async (name) => {
      expect(await sessionToken({ [name]: '127.0.0.1' })).toBeNull()
    },
  )

  it.each(['cross-site', 'same-site', 'none'])('gives null to another page: %s', async (site) => {
    expect(await sessionToken({ 'sec-fetch-site': site })).toBeNull()
  })

  it('reads the address of the socket, also when the server trusts proxies', async () => {
    const app = Fastify({ trustProxy: true }).register(graphiqlPlugin, { developmentToken })
    const headers = { host: 'evil.example', 'x-forwarded-host': 'localhost', 'x-forwarded-for': '127.0.0.1' }
    const answer = await app.inject({ url: '/graphiql/session', headers, remoteAddress: '10.0.0.7' })
    expect(answer.json()).toEqual({ token: null })
    await app.close()
  })

  it('is not cached', async () => {
    const app = start({ developmentToken })
    expect((await app.inject('/graphiql/session')).headers['cache-control']).toBe('no-store')
    await app.close()
  })

  async function sessionToken(
    headers: Record<string, string>,
    remoteAddress = '127.0.0.1',
    options: GraphiqlOptions = { developmentToken },
  ) {
    const app = start(options)
    const answer = await app.inject({ url: '/graphiql/session', headers, remoteAddress })
    await app.close()
    expect(answer.statusCode).toBe(200)
    return answer.json().token
  }
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
