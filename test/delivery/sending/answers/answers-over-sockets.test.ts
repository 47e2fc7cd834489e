import { statusError } from '../../../../src/delivery/sending/answers/response-status'
import { drip, ended, SHORT_MS, tcpReceiver, testSender } from '../receivers'
import { ODD_ANSWERS } from './odd-answers'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n'

/** What a send must make of an answer. */
const resultOf = (status: number | null) => ({
  status,
  error: status === null ? 'CONNECTION' : statusError(status),
})

describe('a receiver that answers with', () => {
  it.each(Object.entries(ODD_ANSWERS))('%s', async (_, { bytes, status }) => {
    const receiver = await tcpReceiver((socket) => socket.end(bytes, 'latin1'))
    const result = await testSender().post(receiver.url)
    expect(result).toMatchObject(resultOf(status))
    if (status === null) expect(result.detail).toMatch(/^The receiver .+[.]$/)
    expect(receiver.connections).toHaveLength(1)
  })
})

describe('a 2xx whose head is in is delivered', () => {
  const delivered = { status: 200, error: null, truncated: true }

  it('although its body never ends', async () => {
    const receiver = await tcpReceiver((socket) => {
      socket.write(`${HEAD}Content-Length: 9999\r\n\r\n`)
      drip(socket, 'a'.repeat(9_999))
    })
    expect(await testSender({ timeoutMs: SHORT_MS }).post(receiver.url)).toMatchObject({
      ...delivered,
      responseBody: expect.stringMatching(/^a+$/),
      detail: 'HTTP 200, no whole body before the deadline',
    })
    await ended(receiver.connections[0])
  })

  it.each([
    ['is cut off', 'Content-Length: 100\r\n\r\nhalf'],
    ['ends between two chunks', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['is no gzip from some byte on', 'Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\nhalf'],
  ])('although its body %s', async (_, rest) => {
    const receiver = await tcpReceiver((socket) => socket.end(HEAD + rest))
    expect(await testSender().post(receiver.url)).toMatchObject({ ...delivered, responseBody: 'half' })
  })

  it('although its connection is reset in the middle of the body', async () => {
    const receiver = await tcpReceiver((socket) => {
      socket.write(`${HEAD}Content-Length: 100\r\n\r\nhalf`)
      setTimeout(() => socket.resetAndDestroy(), 50)
    })
    expect(await testSender().post(receiver.url)).toMatchObject({ ...delivered, responseBody: 'half' })
  })

  it('although the gateway stops then', async () => {
    const stop = new AbortController()
    const receiver = await tcpReceiver((socket) => {
      socket.write(`${HEAD}Content-Length: 100\r\n\r\nhalf`)
      setTimeout(() => stop.abort(), 100)
    })
    const request = { target: receiver.url, body: '{}', headers: {}, verifyTls: true, signal: stop.signal }
    expect(await testSender().send(request)).toMatchObject({ ...delivered, responseBody: 'half' })
  })

  it('although it came before the whole request was read, and its connection is not used again', async () => {
    const receiver = await tcpReceiver((socket) => {
      socket.pause()
      socket.write(`${HEAD}Content-Length: 2\r\n\r\nok`)
    })
    const sender = testSender()
    const body = 'a'.repeat(32 * 1024 * 1024)
    const request = { target: receiver.url, body, headers: {}, verifyTls: true }
    expect(await sender.send(request)).toMatchObject({ error: null, responseBody: 'ok' })
    expect(await sender.send(request)).toMatchObject({ error: null, responseBody: 'ok' })
    expect(receiver.connections).toHaveLength(2)
  })
})

it('a receiver that speaks first is named, and nothing waits for the deadline', async () => {
  const receiver = await tcpReceiver(undefined, (socket) => socket.write('220 mail.example.test ESMTP\r\n'))
  expect(await testSender().post(receiver.url)).toMatchObject({
    error: 'CONNECTION',
    detail: 'The receiver does not speak HTTP: "220 mail.example.test ESMTP\\r\\n".',
  })
})
