import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { fetchKeySet, parseKeySet } from '../../src/auth/key-set'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed25519 = generateKeyPairSync('ed25519')

const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more })
const textOf = (...keys: unknown[]) => JSON.stringify({ keys })

describe('a key set', () => {
  it('has the keys of every supported algorithm', () => {
    const text = textOf(
      jwk(rsa.publicKey, { kid: 'r', alg: 'RS256', use: 'sig', x5c: ['...'], x5t: '...' }),
      jwk(p256.publicKey, { kid: 'p', key_ops: ['verify'] }),
      jwk(ed25519.publicKey, { alg: 'Ed25519' }),
    )
    expect(parseKeySet(text).map(({ kid, algorithms }) => [kid, algorithms])).toEqual([
      ['r', ['RS256']],
      ['p', ['ES256']],
      [undefined, ['EdDSA', 'Ed25519']],
    ])
  })

  it('may have no key at all', () => {
    expect(parseKeySet('{"keys": []}')).toEqual([])
  })

  it.each<[string, unknown]>([
    ['for encryption', jwk(rsa.publicKey, { use: 'enc' })],
    ['for other operations', jwk(rsa.publicKey, { key_ops: ['encrypt'] })],
    ['of another algorithm', jwk(rsa.publicKey, { alg: 'RS512' })],
    ['of an algorithm for another kind of key', jwk(rsa.publicKey, { alg: 'ES256' })],
    ['of RSA with 1024 bits', jwk(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    ['of another curve', jwk(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey)],
    ['for an exchange of keys', jwk(generateKeyPairSync('x25519').publicKey)],
    ['that is a shared secret', { kty: 'oct', k: 'c2VjcmV0' }],
    ['whose private half is public', jwk(p256.privateKey)],
    ['of an unknown kind', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' }],
    ['that is incomplete', { kty: 'RSA', n: 'AQAB' }],
    ['that is null', null],
    ['that is a text', 'key'],
  ])('passes over a key %s', (_case, key) => {
    expect(parseKeySet(textOf(key, jwk(p256.publicKey, { kid: 'good' }))).map(({ kid }) => kid)).toEqual([
      'good',
    ])
  })

  it.each([
    '',
    '<html>',
    'null',
    '[]',
    '"keys"',
    '{}',
    '{"keys": {}}',
    '{"keys": null}',
    '{"error": "later"}',
  ])('is no such text: %j', (text) => {
    expect(() => parseKeySet(text)).toThrow()
  })
})

describe('the fetch of a key set', () => {
  let server: Server
  let answer: RequestListener
  let url: string
  const asked: string[] = []

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? '')
      answer(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const set = textOf(jwk(p256.publicKey, { kid: 'p' }))

  it('reads the keys, compressed as well, whatever the content type', async () => {
    answer = (_request, response) => response.end(set)
    expect(await fetchKeySet(url)).toMatchObject([{ kid: 'p' }])
    answer = (_request, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(set))
    expect(await fetchKeySet(url)).toMatchObject([{ kid: 'p' }])
  })

  it.each([301, 302, 307, 308])('follows no redirect: %i', async (status) => {
    asked.length = 0
    answer = (_request, response) => response.writeHead(status, { location: '/elsewhere' }).end(set)
    await expect(fetchKeySet(url)).rejects.toThrow(String(status))
    expect(asked).toEqual(['/jwks'])
  })

  it.each([204, 404, 500, 503])('fails for the status %i', async (status) => {
    answer = (_request, response) => response.writeHead(status).end(status === 204 ? undefined : set)
    await expect(fetchKeySet(url)).rejects.toThrow(String(status))
  })

  it('reads no endless answer', async () => {
    const closed = new Promise((resolve) => {
      answer = (_request, response) => {
        const write = () => {
          while (!response.destroyed && response.write(' '.repeat(65_536)));
        }
        response.on('drain', write).on('close', resolve)
        write()
      }
    })
    await expect(fetchKeySet(url)).rejects.toThrow('larger than')
    await closed
  })

  it('reads no bomb of compressed spaces', async () => {
    answer = (_request, response) =>
      response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(50_000_000, ' ')))
    await expect(fetchKeySet(url)).rejects.toThrow('larger than')
  })

  it('waits five seconds for an answer that does not come', async () => {
    const timeout = jest.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
      expect(milliseconds).toBe(5_000)
      return AbortSignal.abort(new DOMException('late', 'TimeoutError'))
    })
    answer = () => undefined
    await expect(fetchKeySet(url)).rejects.toThrow('late')
    timeout.mockRestore()
  })
})
