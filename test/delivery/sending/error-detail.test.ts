import type { ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import { statusDetail } from '../../../src/delivery/sending/error-detail'
import type { NameLookup } from '../../../src/delivery/sending/names/name-lookup'
import { certificateFor, issuedCertificate } from '../../support/certificate'
import { closedPort, drip, httpReceiver, httpsReceiver, SHORT_MS, tcpReceiver, testSender } from './receivers'

const HOST = 'hooks.example.test'
const authority = certificateFor('authority.example.test')
const selfSigned = certificateFor(HOST)
const issued = issuedCertificate(authority, HOST)
const expired = issuedCertificate(authority, HOST, -1)

const toReceiver: NameLookup = async () => ({ addresses: [{ address: '127.0.0.1', family: 4 }], ttlMs: 0 })

/** Posts to a receiver with TLS. */
async function postTo(options: ServerOptions, host = HOST) {
  const receiver = await httpsReceiver(options, (_, response) => response.end('ok'))
  const sender = testSender({ lookup: toReceiver, trustedCertificates: [authority.cert, selfSigned.cert] })
  return sender.post(`https://${host}:${receiver.port}/secret?token=secret`)
}

describe('F8: a certificate that is not accepted is named', () => {
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)

  it.each<[string, ServerOptions, string, string]>([
    ['expired', expired, HOST, `for "${HOST}" expired on ${yesterday} (CERT_HAS_EXPIRED)`],
    [
      'for another host',
      issued,
      'a.example.test',
      `is not for a.example.test, only for ${HOST} (ERR_TLS_CERT_ALTNAME_INVALID)`,
    ],
    [
      'for a name, not an address',
      issued,
      '127.0.0.1',
      `is not for 127.0.0.1, only for ${HOST} (ERR_TLS_CERT_ALTNAME_INVALID)`,
    ],
  ])('%s', async (_, options, host, reason) => {
    const result = await postTo(options, host)
    expect(result).toMatchObject({
      error: 'TLS',
      sentAt: null,
      detail: `The receiver's certificate ${reason}.`,
    })
  })

  it.each<[string, ServerOptions, string]>([
    ['self-signed', certificateFor(HOST), `for "${HOST}" is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)`],
    [
      'by an unknown issuer',
      issued,
      `for "${HOST}" was issued by "authority.example.test", which the gateway does not know and whose certificate ` +
        'the receiver does not send (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    ],
    [
      'by an unknown issuer that the receiver sends as well',
      { ...issued, cert: issued.cert + authority.cert },
      `for "${HOST}" was issued by an authority that the gateway does not know: "authority.example.test" ` +
        '(SELF_SIGNED_CERT_IN_CHAIN)',
    ],
  ])('%s', async (_, options, reason) => {
    const receiver = await httpsReceiver(options, (_request, response) => response.end('ok'))
    const result = await testSender({ lookup: toReceiver }).post(`https://${HOST}:${receiver.port}`)
    expect(result).toMatchObject({
      error: 'TLS',
      sentAt: null,
      detail: `The receiver's certificate ${reason}.`,
    })
  })
})

describe('F6: a receiver that wants a client certificate', () => {
  it.each<[ServerOptions['maxVersion'], RegExp]>([
    [
      'TLSv1.3',
      /^The receiver wants a client certificate, which the gateway does not have \(ERR_SSL_\S+\)[.]$/,
    ],
    ['TLSv1.2', /^The receiver refused the TLS handshake: .* client certificate \(ERR_SSL_\S+\)[.]$/],
  ])('is a failure of TLS: %s', async (maxVersion, detail) => {
    const wanting = {
      ...issued,
      requestCert: true,
      rejectUnauthorized: true,
      ca: [authority.cert],
      maxVersion,
    }
    expect(await postTo(wanting)).toMatchObject({ error: 'TLS', detail: expect.stringMatching(detail) })
  })
})

it('F7: a host with a dot at its end gets no dot in the handshake, and its certificate is for the name', async () => {
  const seen: unknown[] = []
  const receiver = await httpsReceiver(issued, ({ socket, headers }, response) => {
    seen.push((socket as { servername?: unknown }).servername, headers.host)
    response.end('ok')
  })
  const sender = testSender({ lookup: toReceiver, trustedCertificates: [authority.cert] })
  expect(await sender.post(`https://${HOST}.:${receiver.port}/`)).toMatchObject({ error: null })
  expect(seen).toEqual([HOST, `${HOST}.:${receiver.port}`])
})

describe('F8: a handshake that fails is named', () => {
  it.each<[string, ServerOptions, string]>([
    [
      'old TLS alone',
      { ...issued, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
      'The receiver supports neither TLS 1.2 nor TLS 1.3',
    ],
    [
      'no common cipher',
      { ...issued, maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' },
      'The receiver refused the TLS handshake: no common cipher, or it wants a client certificate',
    ],
  ])('%s', async (_, options, sentence) => {
    const { error, detail } = await postTo(options)
    expect([error, detail.replace(/ \(ERR_SSL_\S+\)[.]$/, '')]).toEqual(['TLS', sentence])
  })

  it('plain HTTP on the port', async () => {
    const receiver = await httpReceiver((_, response) => response.end())
    const { error, detail } = await testSender().post(`https://127.0.0.1:${receiver.port}`)
    expect([error, detail]).toEqual([
      'TLS',
      'The receiver does not speak TLS on this port (ERR_SSL_WRONG_VERSION_NUMBER).',
    ])
  })
})

describe('F8: the phase in which a connection broke is named', () => {
  it.each<[string, (socket: Socket) => unknown, string]>([
    ['https', (socket) => socket.end(), 'The receiver closed the connection during the TLS handshake.'],
    [
      'https',
      (socket) => socket.resetAndDestroy(),
      'The receiver reset the connection during the TLS handshake (ECONNRESET).',
    ],
    ['http', (socket) => socket.end(), 'The receiver closed the connection before it answered.'],
    [
      'http',
      (socket) => socket.resetAndDestroy(),
      'The receiver reset the connection before it answered (ECONNRESET).',
    ],
  ])('%s', async (scheme, act, detail) => {
    const receiver = await tcpReceiver(act)
    const result = await testSender().post(`${scheme}://127.0.0.1:${receiver.port}`)
    expect(result).toMatchObject({ error: 'CONNECTION', detail })
  })

  it('and the address that refused', async () => {
    const port = await closedPort()
    const several: NameLookup = async () => ({
      addresses: ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 })),
      ttlMs: 0,
    })
    const sender = testSender({ lookup: several, isAddressAllowed: () => true })
    expect((await sender.post(`http://127.0.0.1:${port}`)).detail).toBe(
      `127.0.0.1:${port} refused the connection (ECONNREFUSED).`,
    )
    expect((await sender.post(`http://${HOST}:${port}`)).detail).toBe(
      `127.0.0.1:${port} refused the connection; 127.0.0.2:${port} refused the connection (ECONNREFUSED).`,
    )
  })
})

describe('F8: the phase that the deadline ended is named', () => {
  it.each<[string, string, (socket: Socket) => unknown, string]>([
    [
      'the handshake',
      'https',
      () => undefined,
      '127.0.0.1:PORT did not finish the TLS handshake within the deadline of 300 ms.',
    ],
    ['the answer', 'http', () => undefined, 'The receiver did not answer within the deadline of 300 ms.'],
    [
      'the head',
      'http',
      (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nX-A: 1\r\nX-B: 2\r\n'),
      'The receiver did not send the whole head of its answer within the deadline of 300 ms.',
    ],
  ])('%s', async (_, scheme, act, detail) => {
    const receiver = await tcpReceiver(act)
    const result = await testSender({ timeoutMs: SHORT_MS }).post(`${scheme}://127.0.0.1:${receiver.port}`)
    expect(result).toMatchObject({ error: 'TIMEOUT', detail: detail.replace('PORT', String(receiver.port)) })
  })

  it('the lookup', async () => {
    const sender = testSender({ timeoutMs: SHORT_MS, lookup: () => new Promise(() => undefined) })
    expect(await sender.post(`http://${HOST}`)).toMatchObject({
      error: 'TIMEOUT',
      detail: `The name ${HOST} was not resolved within the deadline of 300 ms.`,
    })
  })
})

describe('a status is named with its reason', () => {
  const detailOf = (status: number, reason: string, location?: string) =>
    statusDetail({
      status,
      reason,
      isOld: false,
      headers: location === undefined ? [] : [['location', location]],
    })

  it.each([
    [detailOf(500, 'Internal Server Error'), 'The receiver answered 500 Internal Server Error.'],
    [detailOf(404, ''), 'The receiver answered 404.'],
    [detailOf(400, 'a\0"b"\x1b[31m'), 'The receiver answered 400 a\\u0000\\"b\\"\\u001b[31m.'],
    [
      detailOf(302, 'Found', 'https://b.example.test/hook?token=secret'),
      'The receiver answered 302 Found, a redirect to "https://b.example.test/hook"..., which is not followed.',
    ],
    [
      detailOf(304, 'Not Modified'),
      'The receiver answered 304 Not Modified, a redirect, which is not followed.',
    ],
  ])('%s', (detail, expected) => {
    expect(detail).toBe(expected)
  })
})

it('no detail is longer than 500 characters, or shows the query or the password of the target', async () => {
  const echo = await tcpReceiver(undefined, (socket) => socket.pipe(socket))
  const names: NameLookup = async (name) => {
    throw Object.assign(new Error(`no ${name} `.repeat(100)), { code: 'EODD' })
  }
  const results = [
    await testSender().post(`http://user:secret@127.0.0.1:${echo.port}/hook?token=secret`),
    await testSender({ lookup: names }).post('http://user:secret@gone.example.test/hook?token=secret'),
    await postTo({ ...expired }),
  ]
  for (const { error, detail } of results) {
    expect(error).not.toBeNull()
    expect(detail.length).toBeLessThanOrEqual(500)
    expect(detail).toMatch(/[.]$/)
    expect(detail).not.toContain('secret')
  }
})
