import zlib, { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { KEPT_BYTES, ResponseBody } from '../../../../src/delivery/sending/answers/response-body'
import { flood, httpReceiver, SHORT_MS, tcpReceiver, testSender } from '../receivers'

const { zstdCompressSync } = zlib as typeof zlib & { zstdCompressSync?: (text: Buffer) => Buffer }

const ENCODERS: [encoding: string, name: string, encode: (text: Buffer) => Buffer][] = [
  ['gzip', 'gzip', gzipSync],
  ['x-gzip', 'gzip under its old name', gzipSync],
  [' GZip ', 'gzip in another spelling', gzipSync],
  ['deflate', 'deflate with the zlib wrapper', deflateSync],
  ['deflate', 'deflate without it', deflateRawSync],
  ['br', 'br', brotliCompressSync],
  ['', 'nothing', (text) => text],
  ['identity', 'identity', (text) => text],
]
// From Node.js 22.15 on.
if (zstdCompressSync) ENCODERS.push(['zstd', 'zstd', zstdCompressSync])

/** Writes chunks as the exchange does, and pauses when the body requires it. */
async function read(
  encoding: string,
  chunks: Buffer[],
  type?: string,
): Promise<{ text: string; truncated: boolean }> {
  let drained = () => {}
  let isDone = false
  const body = await new Promise<ResponseBody>((resolve) => {
    const reading = new ResponseBody(
      { encoding, type },
      {
        onDone() {
          isDone = true
          drained()
          resolve(reading)
        },
        onDrain: () => drained(),
      },
    )
    const write = async () => {
      for (const chunk of chunks) {
        if (isDone) return
        if (!reading.write(chunk)) {
          await new Promise<void>((resume) => {
            drained = resume
          })
        }
      }
      if (!isDone) reading.end()
    }
    void write()
  })
  return { text: body.text(), truncated: body.truncated }
}

function inPieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  )
}

describe.each(ENCODERS)('a body in %j: %s', (encoding, _name, encode) => {
  it('is read in chunks of any size', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 }).map((each) => each.replace(/^\ufeff/, ''))
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 50 }), async (given, size) => {
        const chunks = inPieces(encode(Buffer.from(given)), size)
        const expected = given.toWellFormed().replaceAll('\u0000', '\ufffd')
        expect(await read(encoding, chunks)).toEqual({ text: expected, truncated: false })
      }),
      { numRuns: 30 },
    )
  })

  it('of 64 KiB is whole', async () => {
    const chunks = inPieces(encode(Buffer.alloc(KEPT_BYTES, 'a')), 10_000)
    expect(await read(encoding, chunks)).toEqual({ text: 'a'.repeat(KEPT_BYTES), truncated: false })
  })

  it.each([1, 100_000])('of 64 KiB and %d more bytes is truncated', async (more) => {
    const chunks = inPieces(encode(Buffer.alloc(KEPT_BYTES + more, 'a')), 10_000)
    expect(await read(encoding, chunks)).toEqual({ text: 'a'.repeat(KEPT_BYTES), truncated: true })
  })

  it('that is empty is whole', async () => {
    expect(await read(encoding, [])).toEqual({ text: '', truncated: false })
    expect(await read(encoding, [Buffer.alloc(0)])).toEqual({ text: '', truncated: false })
    expect(await read(encoding, [encode(Buffer.alloc(0))])).toEqual({ text: '', truncated: false })
  })
})

describe('compressed data', () => {
  const text = Array.from({ length: 5_000 }, (_, i) => `line ${i}, ${Math.sin(i)}\n`)
    .join('')
    .slice(0, 60_000)
  /** Zstandard decompresses whole blocks: half of this text is none. */
  const compressed = ENCODERS.filter(
    ([encoding, , encode]) => encoding !== 'zstd' && encode(Buffer.from(text)).length < 60_000,
  )

  it.each(compressed)('in %j (%s) that ends early is kept up to there', async (encoding, _, encode) => {
    const half = encode(Buffer.from(text))
    const { text: kept, truncated } = await read(encoding, inPieces(half.subarray(0, half.length / 2), 5_000))
    expect(kept.length).toBeGreaterThan(10_000)
    expect(text.startsWith(kept)).toBe(true)
    expect(truncated).toBe(true)
  })

  it('that is corrupt is kept up to there', async () => {
    const bytes = gzipSync(text)
    bytes.fill(0xff, bytes.length / 2)
    const { text: kept, truncated } = await read('gzip', inPieces(bytes, 1_000))
    expect(kept.length).toBeGreaterThan(10_000)
    expect(text.startsWith(kept.slice(0, 10_000))).toBe(true)
    expect(truncated).toBe(true)
  })

  it.each(['gzip', 'deflate', 'br'])(
    'F9: that is not compressed at all, whatever its label says (%s), is kept as it came',
    async (encoding) => {
      const text = 'Internal error: "Zoë" at line 12\n'.repeat(30)
      for (const size of [7, 100, 10_000]) {
        const chunks = inPieces(Buffer.from(text), size)
        expect(await read(encoding, chunks)).toEqual({ text, truncated: false })
      }
    },
  )

  it('F9: with garbage right after its end is kept up to there, also when both arrive together', async () => {
    for (const text of ['all of it', 'a'.repeat(50_000)]) {
      const bytes = Buffer.concat([gzipSync(text), Buffer.from('garbage')])
      expect(await read('gzip', [bytes])).toEqual({ text, truncated: true })
    }
  })

  it('F9: that is corrupt in its only piece is kept up to there', async () => {
    const bytes = gzipSync(text)
    bytes.fill(0xff, bytes.length / 2)
    const { text: kept, truncated } = await read('gzip', [bytes])
    expect(kept.length).toBeGreaterThan(10_000)
    expect(text.startsWith(kept.slice(0, 10_000))).toBe(true)
    expect(truncated).toBe(true)
  })

  it('that is Latin-1 and not compressed is kept, binary data of which nothing can be decompressed is not', async () => {
    const latin = Buffer.from('Schöne Grüße\n', 'latin1')
    expect(await read('gzip', [latin], 'text/plain; charset=latin1')).toMatchObject({
      text: 'Schöne Grüße\n',
    })
    expect(await read('gzip', [gzipSync(text).subarray(0, 5)])).toEqual({ text: '', truncated: true })
  })

  it('that decompresses to too much before it is corrupt is kept up to the limit', async () => {
    const bytes = Buffer.concat([gzipSync('a'.repeat(1_000_000)), Buffer.from('garbage')])
    const { text: kept, truncated } = await read('gzip', [bytes])
    expect(kept.length).toBeGreaterThan(KEPT_BYTES - 2_000)
    expect(kept).toBe('a'.repeat(kept.length))
    expect(truncated).toBe(true)
  })

  it('with padding after its end is whole without the padding', async () => {
    const padded = Buffer.concat([gzipSync('all of it'), Buffer.alloc(200_000)])
    expect(await read('gzip', [padded])).toEqual({ text: 'all of it', truncated: false })
    expect(await read('gzip', inPieces(padded, 20_000))).toEqual({ text: 'all of it', truncated: false })
  })

  it('with garbage after its end is kept without the garbage', async () => {
    const chunks = [gzipSync('all of it'), Buffer.from('garbage')]
    expect(await read('gzip', chunks)).toEqual({ text: 'all of it', truncated: true })
  })

  it.each(['zstd', 'compress', 'gzip, gzip', 'aes128gcm'])('in %s is kept unchanged', async (encoding) => {
    expect(await read(encoding, [Buffer.from('as it came')])).toEqual({
      text: 'as it came',
      truncated: false,
    })
  })
})

describe('the text', () => {
  it.each([
    ['text/plain; charset=iso-8859-1', Buffer.from('Schön, é', 'latin1'), 'Schön, é'],
    ['text/plain;charset="ISO-8859-1"; x=y', Buffer.from('Schön', 'latin1'), 'Schön'],
    ['text/html; Charset=windows-1252', Buffer.from([0xdf, 0x31]), 'ß1'],
    ['text/plain; charset=utf-16le', Buffer.from('Zoë', 'utf16le'), 'Zoë'],
    ['text/plain; charset=shift_jis', Buffer.from([0x93, 0xfa]), '日'],
    ['text/plain; charset=no-such-charset', Buffer.from('Zoë'), 'Zoë'],
    ['text/plain; charset=', Buffer.from('Zoë'), 'Zoë'],
    ['application/json', Buffer.from('Zoë'), 'Zoë'],
  ])('F9: is read by its charset: %s', async (type, bytes, expected) => {
    expect(await read('', [bytes], type)).toEqual({ text: expected, truncated: false })
  })

  it.each([
    ['bytes that are not UTF-8', Buffer.from([0x61, 0xff, 0xc3, 0x62]), 'a\ufffd\ufffdb'],
    ['U+0000', Buffer.from('a\u0000b\u0000'), 'a\ufffdb\ufffd'],
    ['a byte order mark', Buffer.from('\ufeffa'), 'a'],
    ['half a character at the end of a whole body', Buffer.from([0x61, 0xf0, 0x9f]), 'a\ufffd'],
  ])('replaces or removes %s', async (_, bytes, expected) => {
    expect(await read('', [bytes])).toEqual({ text: expected, truncated: false })
  })

  it('has no half character where it was cut', async () => {
    const { text, truncated } = await read('', [Buffer.from('€'.repeat(KEPT_BYTES))])
    expect(text).toBe('€'.repeat(Math.floor(KEPT_BYTES / 3)))
    expect(truncated).toBe(true)
  })
})

describe('over a connection', () => {
  const GIB = 1024 ** 3

  /** The growth of the process's memory to its peak during `act`, in bytes. */
  async function growth(act: () => Promise<unknown>): Promise<number> {
    const before = process.memoryUsage().rss
    let peak = before
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 5)
    await act()
    clearInterval(timer)
    return Math.max(peak, process.memoryUsage().rss) - before
  }

  const zeros = Buffer.alloc(16 * 1024 * 1024)
  it.each([
    ['gzip', Buffer.concat(Array(64).fill(gzipSync(zeros)))],
    ['deflate', deflateSync(Buffer.alloc(GIB / 8), { level: 1 })],
    ['br', brotliCompressSync(Buffer.alloc(GIB / 8), { params: { 1: 1 } })],
  ])('a body that decompresses to a huge one in %s costs no memory', async (encoding, bomb) => {
    const receiver = await httpReceiver((_, response) => {
      response.setHeader('Content-Encoding', encoding).end(bomb)
    })
    const sender = testSender()
    const grown = await growth(async () => {
      const results = await Promise.all(Array.from({ length: 5 }, () => sender.post(receiver.url)))
      for (const { status, error, truncated, responseBody } of results) {
        expect({ status, error, truncated }).toEqual({ status: 200, error: null, truncated: true })
        expect(responseBody).toHaveLength(KEPT_BYTES)
      }
    })
    expect(grown).toBeLessThan(GIB / 8)
  })

  it.each([
    ['plain', '', Buffer.alloc(1024 * 1024, 'a')],
    ['in chunks of one byte', 'Transfer-Encoding: chunked\r\n', Buffer.from('1\r\na\r\n'.repeat(10_000))],
  ])('an endless body is cut, and its status is the result: %s', async (_, header, piece) => {
    const receiver = await tcpReceiver((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n`)
      flood(socket, piece)
    })
    const grown = await growth(async () => {
      expect(await testSender().post(receiver.url)).toMatchObject({
        status: 200,
        error: null,
        truncated: true,
        responseBody: 'a'.repeat(KEPT_BYTES),
      })
    })
    expect(grown).toBeLessThan(GIB / 8)
  })

  it('compressed data that decompresses to nothing without end is ended at the deadline, and costs no memory', async () => {
    const empty = Buffer.concat(Array(10_000).fill(gzipSync('')))
    const receiver = await tcpReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n')
      flood(socket, empty)
    })
    const sender = testSender({ timeoutMs: 5 * SHORT_MS })
    const grown = await growth(async () => {
      const results = await Promise.all(Array.from({ length: 4 }, () => sender.post(receiver.url)))
      expect(results).toEqual(results.map(() => expect.objectContaining({ error: null, responseBody: '' })))
    })
    expect(grown).toBeLessThan(GIB / 8)
  })

  it('compressed data that decompresses to little is read to its end', async () => {
    const members = Buffer.concat([...Array(50_000).fill(gzipSync('')), gzipSync('ok')])
    const receiver = await httpReceiver((_, response) => {
      response.setHeader('Content-Encoding', 'gzip').end(members)
    })
    const result = await testSender().post(receiver.url)
    expect(result).toMatchObject({ error: null, responseBody: 'ok', truncated: false })
  })

  it('a success whose compression is corrupt stays a success', async () => {
    const receiver = await httpReceiver((_, response) => {
      response.setHeader('Content-Encoding', 'gzip').end('this is no gzip')
    })
    const result = await testSender().post(receiver.url)
    expect(result).toMatchObject({ status: 200, error: null, responseBody: 'this is no gzip' })
  })

  it('a compressed body leaves its connection reusable', async () => {
    const receiver = await httpReceiver((_, response) => {
      response.setHeader('Content-Encoding', 'br').end(brotliCompressSync('ok'))
    })
    const sender = testSender()
    for (let i = 0; i < 3; i++) {
      expect(await sender.post(receiver.url)).toMatchObject({
        error: null,
        responseBody: 'ok',
        truncated: false,
      })
    }
    expect(receiver.connections).toHaveLength(1)
  })
})
