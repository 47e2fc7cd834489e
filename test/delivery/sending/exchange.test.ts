import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { httpReceiver, tcpReceiver, testSender } from './receivers'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'

describe('a send', () => {
  it('is a POST of exactly the given bytes with the given headers', async () => {
    const seen: { request: IncomingMessage; body: string }[] = []
    const receiver = await httpReceiver(async (request, response) => {
      seen.push({ request, body: await text(request) })
      response.end()
    })
    const body = '{"name": "Zoë 🪝",  "n": 1.0}'
    await testSender().send({
      target: `${receiver.url}/hooks/a%20b?x=1&y=%C3%A9#fragment`,
      body: Buffer.from(body),
      headers: { 'SelfCommunity-Signature': 't=1,v1=ab', 'webhook-id': 'evt_1' },
      verifyTls: true,
    })
    expect(seen).toHaveLength(1)
    expect(seen[0]?.body).toBe(body)
    expect(seen[0]?.request).toMatchObject({
      method: 'POST',
      url: '/hooks/a%20b?x=1&y=%C3%A9',
      httpVersion: '1.1',
    })
    expect(seen[0]?.request.headers).toEqual({
      host: `127.0.0.1:${receiver.port}`,
      connection: 'keep-alive',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': 'Hookgate/test',
      'selfcommunity-signature': 't=1,v1=ab',
      'webhook-id': 'evt_1',
    })
  })

  it('that is answered with 2xx is a success, and keeps the response', async () => {
    const receiver = await httpReceiver((_, response) => response.end('thanks'))
    const before = new Date()
    const result = await testSender().post(receiver.url)
    expect(result).toEqual({
      sentAt: expect.any(Date),
      durationMs: expect.any(Number),
      status: 200,
      responseBody: 'thanks',
      truncated: false,
      error: null,
      isOwnTrouble: false,
      retryAfter: null,
      detail: 'HTTP 200',
    })
    expect(result.sentAt?.getTime()).toBeGreaterThanOrEqual(before.getTime())
    expect(Number.isInteger(result.durationMs)).toBe(true)
  })

  it.each([
    [201, null],
    [202, null],
    [204, null],
    [299, null],
    [304, 'REDIRECT'],
    [400, 'HTTP_STATUS'],
    [404, 'HTTP_STATUS'],
    [410, 'HTTP_STATUS'],
    [503, 'HTTP_STATUS'],
    [599, 'HTTP_STATUS'],
  ])('that is answered with %d has the error %s', async (status, error) => {
    const receiver = await httpReceiver((_, response) => response.writeHead(status).end())
    expect(await testSender().post(receiver.url)).toMatchObject({
      status,
      error,
      responseBody: '',
      truncated: false,
    })
  })

  it('that is answered with an error keeps the body and the unparsed Retry-After', async () => {
    const receiver = await httpReceiver((_, response) => {
      response.writeHead(503, { 'Retry-After': 'Wed, 21 Oct 2026 07:28:00 GMT' }).end('down for repairs')
    })
    expect(await testSender().post(receiver.url)).toMatchObject({
      status: 503,
      error: 'HTTP_STATUS',
      responseBody: 'down for repairs',
      retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT',
    })
  })

  it.each([301, 302, 303, 307, 308])(
    'that is answered with %d does not follow the redirect',
    async (status) => {
      const requested: string[] = []
      const receiver = await httpReceiver(({ url = '' }, response) => {
        requested.push(url)
        const location = requested.length === 1 ? 'http://169.254.169.254/latest/meta-data/' : '/elsewhere'
        response.writeHead(status, { Location: location }).end('moved')
      })
      const checked: string[] = []
      const sender = testSender({ isAddressAllowed: (address) => checked.push(address) > 0 })
      const redirect = { status, error: 'REDIRECT', responseBody: 'moved' }
      expect(await sender.post(receiver.url)).toMatchObject(redirect)
      expect(await sender.post(receiver.url)).toMatchObject(redirect)
      expect(requested).toEqual(['/', '/'])
      expect(new Set(checked)).toEqual(new Set(['127.0.0.1']))
    },
  )

  it('waits for the final answer after informational ones', async () => {
    const receiver = await tcpReceiver((socket) => {
      socket.write('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    expect(await testSender().post(receiver.url)).toMatchObject({
      status: 200,
      error: null,
      responseBody: 'ok',
    })
  })

  it('accepts a body that ends with its connection', async () => {
    const receiver = await tcpReceiver((socket) => socket.end(`${HEAD}Connection: close\r\n\r\nall of it`))
    expect(await testSender().post(receiver.url)).toMatchObject({
      error: null,
      responseBody: 'all of it',
      truncated: false,
    })
  })

  it.each(['nowhere', '/hooks', 'ftp://127.0.0.1/'])(
    'rejects for a target that is not an http URL: %s',
    async (target) => {
      await expect(testSender().post(target)).rejects.toMatchObject({ name: 'TypeError' })
    },
  )
})
