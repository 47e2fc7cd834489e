import { createServer, type Server, type Socket } from 'node:net'
import { isDatabaseUnavailable } from '../../src/database/unavailable'
import type { DatabaseClientCommands } from '../programs/database-client'
import { type Program, startProgram } from '../support/program'

const withCode = (code: string, more: object = {}) => Object.assign(new Error('x'), { code, ...more })

describe('a database that does not answer', () => {
  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
    'P1001',
    'P1002',
    'P1008',
    'P1017',
    'P2024',
    '57P01',
    '57P02',
    '57P03',
    '25006',
    '08006',
    '08P01',
    '40001',
    '40P01',
    '53000',
    '53100',
    '53200',
    '53300',
    '55P03',
    '57014',
    '58030',
    '25P03',
  ])('is recognized by the code %s', (code) => {
    expect(isDatabaseUnavailable(withCode(code))).toBe(true)
  })

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
    'Server has closed the connection.',
    "Can't reach database server at `127.0.0.1:5432`",
    'PGlite is closed',
    'PGlite is closing',
  ])('is recognized by the message %j', (message) => {
    expect(isDatabaseUnavailable(new Error(message))).toBe(true)
  })

  it.each<[string, unknown]>([
    ['a cause', new Error('x', { cause: withCode('ECONNREFUSED') })],
    ['a cause of a cause', new Error('x', { cause: new Error('y', { cause: withCode('57P01') }) })],
    ['a cause that is a plain object', new Error('x', { cause: { code: 'ECONNRESET' } })],
    [
      "the adapter's error in Prisma's",
      withCode('P2010', { meta: { driverAdapterError: withCode('57P03') } }),
    ],
    [
      "a cause of the adapter's error",
      withCode('P2010', {
        meta: { driverAdapterError: new Error('x', { cause: { kind: 'DatabaseNotReachable' } }) },
      }),
    ],
    ["the server's code beside the adapter's", { kind: 'postgres', originalCode: '57P01' }],
    ['a kind', { kind: 'ConnectionClosed' }],
    ['another kind', { kind: 'TooManyConnections' }],
    [
      'a refused connection on every address of a name',
      Object.assign(new AggregateError([withCode('ECONNREFUSED')]), { code: 'ECONNREFUSED' }),
    ],
  ])('is recognized inside %s', (_case, error) => {
    expect(isDatabaseUnavailable(error)).toBe(true)
  })
})

describe('any other error', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'ECONNREFUSED'],
    ['a number', 57],
    ['an empty object', {}],
    ['a bug', new TypeError("Cannot read properties of undefined (reading 'id')")],
    ['a broken unique constraint', withCode('P2002', { meta: { target: ['id'] } })],
    ['a missing record', withCode('P2025')],
    ['a foreign key', withCode('23503')],
    ['a syntax error', withCode('42601')],
    ['a file that is missing', withCode('ENOENT')],
    ['a code that is a number', { code: 57 }],
    ['a cause that is unrelated', new Error('x', { cause: withCode('P2002') })],
    ['a cause that is null', Object.assign(new Error('x'), { cause: null, meta: null })],
    ['a message that quotes a code', new Error('the text ECONNREFUSED was searched for')],
    ['a constraint kind', withCode('P2010', { meta: { driverAdapterError: { kind: 'UniqueConstraint' } } })],
  ])('is not recognized: %s', (_case, error) => {
    expect(isDatabaseUnavailable(error)).toBe(false)
  })

  it('may be its own cause, and is not recognized', () => {
    const error = new Error('x')
    error.cause = error
    expect(isDatabaseUnavailable(error)).toBe(false)
  })
})

describe('an error of the database client', () => {
  let client: Program<DatabaseClientCommands>
  let server: Server
  let url: string
  const sockets = new Set<Socket>()
  let greet: (socket: Socket) => void

  beforeAll(async () => {
    client = await startProgram('database-client')
    server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined))
      greet(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url = `postgresql://u:p@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/x`
  })
  afterAll(async () => {
    await client?.end()
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  const OTHER_ERROR = { otherError: expect.any(String) }

  it('is recognized when no server listens', async () => {
    expect(await client.run('queryServer', 'postgresql://u:p@127.0.0.1:1/x')).toBe('unavailable')
  })

  it("is recognized when the server's name is unknown", async () => {
    expect(await client.run('queryServer', 'postgresql://u:p@db.invalid/x')).toBe('unavailable')
  })

  it.each<[string, (socket: Socket) => void]>([
    ['hangs up', (socket) => socket.once('data', () => socket.end())],
    ['breaks the connection', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['says nothing', () => undefined],
    ['has too many connections', (socket) => socket.once('data', () => socket.end(fatal('53300')))],
    ['is starting up', (socket) => socket.once('data', () => socket.end(fatal('57P03')))],
    ['is shutting down', (socket) => socket.once('data', () => socket.end(fatal('57P01')))],
  ])('is recognized when the server %s', async (_case, behaviour) => {
    greet = behaviour
    expect(await client.run('queryServer', url)).toBe('unavailable')
  })

  it('is no outage when the password is wrong', async () => {
    greet = (socket) => socket.once('data', () => socket.end(fatal('28P01')))
    expect(await client.run('queryServer', url)).toEqual(OTHER_ERROR)
  })

  it('is no outage when an embedded query is wrong, and one when the database is closed', async () => {
    expect(await client.run('queryEmbedded', 'SELECT 1')).toBe('answered')
    expect(await client.run('queryEmbedded', 'SELECT nonsense')).toEqual(OTHER_ERROR)
    await client.run('closeEmbedded')
    expect(await client.run('queryEmbedded', 'SELECT 1')).toBe('unavailable')
  })
})

/** An ErrorResponse of PostgreSQL's protocol. */
function fatal(code: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0Mno\0\0`)
  const length = Buffer.alloc(4)
  length.writeInt32BE(fields.length + 4)
  return Buffer.concat([Buffer.from('E'), length, fields])
}
