import { connect } from 'node:net'
import { startTestGateway, type TestGateway } from '../support/gateway'
import { until } from '../support/until'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway?.stop())

/** More than any limit of a body, and more than the buffers of a connection hold. */
const LENGTH = 8 * 1024 * 1024

describe('a client that is still sending a body when it is refused', () => {
  it.each([
    ['too large', 'POST /api/v2/webhook/endpoint/', 'application/json', 413],
    ['too large for GraphQL', 'POST /graphql', 'application/json', 413],
    ['of another type', 'POST /api/v2/webhook/endpoint/', 'text/plain', 413],
    ['without need', 'POST /api/v2/webhook/endpoint/?dry_run=true', 'application/json', 400],
  ])(
    'reads the answer, and the connection serves the next request: %s',
    async (_why, target, type, status) => {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
      let received = ''
      let error: unknown
      socket.setEncoding('utf8')
      socket.on('data', (text) => {
        received += text
      })
      socket.on('error', (reason) => {
        error = reason
      })
      const answers = () => [...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) => Number(code))
      const head = (line: string, ...more: string[]) =>
        [`${line} HTTP/1.1`, 'host: x', `authorization: Bearer ${gateway.adminToken}`, ...more, '', ''].join(
          '\r\n',
        )

      socket.write(head(target, `content-type: ${type}`, `content-length: ${LENGTH}`))
      socket.write(' '.repeat(1_000))
      await until(() => answers().length === 1)
      socket.write(' '.repeat(LENGTH - 1_000))
      socket.write(head('GET /api/v2/webhook/endpoint/'))
      await until(() => error !== undefined || answers().length === 2)
      expect([error, answers()]).toEqual([undefined, [status, 200]])
      socket.destroy()
    },
  )
})
