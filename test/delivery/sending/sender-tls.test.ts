import type { NameLookup } from '../../../src/delivery/sending/names/name-lookup'
import { certificateFor } from '../../support/certificate'
import {
  ended,
  httpReceiver,
  httpsReceiver,
  SHORT_MS,
  type TestSender,
  tcpReceiver,
  testSender,
} from './receivers'

const HOST = 'hooks.example.test'
const certificate = certificateFor(HOST)
const toReceiver: NameLookup = async () => ({ addresses: [{ address: '127.0.0.1', family: 4 }], ttlMs: 0 })

const trustingSender = (): TestSender =>
  testSender({ lookup: toReceiver, trustedCertificates: [certificate.cert] })

describe('a receiver with TLS', () => {
  it('is sent to when its certificate is trusted and for its host, and the request names that host', async () => {
    const names: unknown[] = []
    const receiver = await httpsReceiver(certificate, ({ socket }, response) => {
      names.push((socket as { servername?: unknown }).servername)
      response.end('ok')
    })
    const sender = trustingSender()
    const target = `https://${HOST}:${receiver.port}`
    expect(await sender.post(target)).toMatchObject({ error: null, status: 200, responseBody: 'ok' })
    expect(await sender.post(target)).toMatchObject({ error: null })
    expect(names).toEqual([HOST, HOST])
    expect(receiver.connections).toHaveLength(1)
  })

  it('is reached at the one of its addresses that answers', async () => {
    const receiver = await httpsReceiver(certificate, (_, response) => response.end('ok'))
    const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.1'].map((address) => ({ address, family: 4 }))
    const sender = testSender({
      lookup: async () => ({ addresses, ttlMs: 0 }),
      isAddressAllowed: (address) => address !== '127.0.0.3',
      trustedCertificates: [certificate.cert],
    })
    expect(await sender.post(`https://${HOST}:${receiver.port}`)).toMatchObject({ error: null })
    expect(await sender.post(`https://other.example.test:${receiver.port}`)).toMatchObject({ error: 'TLS' })
  })

  it('is refused when its certificate is self-signed, and nothing is sent', async () => {
    const seen: unknown[] = []
    const receiver = await httpsReceiver(certificate, (request) => seen.push(request))
    expect(await testSender().post(receiver.url)).toMatchObject({
      error: 'TLS',
      status: null,
      sentAt: null,
      detail: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT'),
    })
    expect(seen).toEqual([])
  })

  it('is refused each time when its trusted certificate is for another host', async () => {
    const receiver = await httpsReceiver(certificate, (_, response) => response.end())
    const sender = trustingSender()
    for (let i = 0; i < 3; i++) {
      expect(await sender.post(`https://other.example.test:${receiver.port}`)).toMatchObject({
        error: 'TLS',
        sentAt: null,
        detail: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
      })
    }
  })

  it('is refused at its address when its trusted certificate is for its name', async () => {
    const receiver = await httpsReceiver(certificate, (_, response) => response.end())
    expect(await trustingSender().post(receiver.url)).toMatchObject({ error: 'TLS', sentAt: null })
  })

  it.each([
    ['has a self-signed certificate', 'other.example.test'],
    ['has a certificate for another host', '127.0.0.1'],
  ])('is sent to without verification although it %s', async (_, host) => {
    const receiver = await httpsReceiver(certificate, (_request, response) => response.end('ok'))
    const sender = testSender({ lookup: toReceiver })
    const result = await sender.post(`https://${host}:${receiver.port}`, false)
    expect(result).toMatchObject({ error: null, status: 200, responseBody: 'ok' })
  })

  it('is refused with verification although a connection without it is open', async () => {
    const receiver = await httpsReceiver(certificate, (_, response) => response.end('ok'))
    const sender = testSender()
    expect(await sender.post(receiver.url, false)).toMatchObject({ error: null })
    expect(await sender.post(receiver.url, true)).toMatchObject({ error: 'TLS' })
    expect(await sender.post(receiver.url, false)).toMatchObject({ error: null })
    expect(await sender.post(receiver.url, true)).toMatchObject({ error: 'TLS' })
  })

  it('gets HTTP/1.1 only', async () => {
    const protocols: unknown[] = []
    const receiver = await httpsReceiver(
      { ...certificate, ALPNProtocols: ['h2', 'http/1.1'] },
      (request, response) => {
        protocols.push((request.socket as { alpnProtocol?: unknown }).alpnProtocol, request.httpVersion)
        response.end()
      },
    )
    expect(await testSender().post(receiver.url, false)).toMatchObject({ error: null })
    expect(protocols).toEqual(['http/1.1', '1.1'])
  })
})

describe('a port with another protocol', () => {
  it.each([true, false])(
    'is a failure of TLS when plain HTTP answers an https target (verify: %s)',
    async (verify) => {
      const receiver = await httpReceiver((_, response) => response.end())
      expect(await testSender().post(`https://127.0.0.1:${receiver.port}`, verify)).toMatchObject({
        error: 'TLS',
        sentAt: null,
      })
    },
  )

  it('is a failure of the connection when TLS answers an http target', async () => {
    const receiver = await httpsReceiver(certificate, (_, response) => response.end())
    expect(await testSender().post(`http://127.0.0.1:${receiver.port}`)).toMatchObject({
      error: 'CONNECTION',
    })
  })
})

describe('a handshake', () => {
  it('that is never answered ends at the deadline, and so does its connection', async () => {
    const receiver = await tcpReceiver()
    const result = await testSender({ timeoutMs: SHORT_MS }).post(`https://127.0.0.1:${receiver.port}`)
    expect(result).toMatchObject({ error: 'TIMEOUT', sentAt: null })
    await ended(receiver.connections[0])
  })

  it('that is answered byte by byte ends at the deadline', async () => {
    const receiver = await tcpReceiver((socket) => {
      const timer = setInterval(() => socket.write(Buffer.from([0x16, 3, 3, 0x3f, 0xff])), 20)
      socket.on('close', () => clearInterval(timer))
    })
    const result = await testSender({ timeoutMs: SHORT_MS }).post(`https://127.0.0.1:${receiver.port}`)
    expect(['TIMEOUT', 'TLS']).toContain(result.error)
    expect(result.sentAt).toBeNull()
  })

  it('that the receiver ends is a failure of the connection', async () => {
    const receiver = await tcpReceiver((socket) => socket.end())
    const result = await testSender().post(`https://127.0.0.1:${receiver.port}`)
    expect(result).toMatchObject({ error: 'CONNECTION', sentAt: null })
  })

  it('that is in progress ends with the sender', async () => {
    const receiver = await tcpReceiver((socket) => socket.pause())
    const sender = testSender()
    const sent = sender.post(`https://127.0.0.1:${receiver.port}`)
    setTimeout(() => sender.close(), 100)
    expect(await sent).toMatchObject({ error: 'ABORTED', sentAt: null })
    receiver.connections[0]?.resume()
    await ended(receiver.connections[0])
  })
})
