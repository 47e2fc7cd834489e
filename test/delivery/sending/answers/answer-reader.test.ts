import fc from 'fast-check'
import { AnswerReader } from '../../../../src/delivery/sending/answers/answer-reader'
import { ODD_ANSWERS, type OddAnswer } from './odd-answers'

/** Reads an answer in pieces; then the receiver closes the connection, if the answer needs that. */
function readIn(pieces: Buffer[]) {
  const seen = { heads: 0, ends: 0, status: null as number | null, body: '', flaw: null as string | null }
  const reader = new AnswerReader({
    onHead({ status }) {
      seen.heads += 1
      seen.status = status
    },
    onBody(piece) {
      seen.body += piece.toString('latin1')
    },
    onEnd(flaw) {
      seen.ends += 1
      seen.flaw = flaw
    },
    onNoAnswer(flaw) {
      seen.ends += 1
      seen.flaw = flaw
    },
  })
  for (const piece of pieces) reader.read(piece)
  const keepForMs = reader.keepForMs
  reader.end()
  return { ...seen, keepForMs }
}

function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}

const bytesOf = ({ bytes }: OddAnswer) => Buffer.from(bytes, 'latin1')

const expectedOf = ({ status, body, isKept }: OddAnswer) => ({
  status,
  body,
  heads: status === null ? 0 : 1,
  ends: 1,
  keepForMs: isKept ? expect.any(Number) : 0,
})

describe('an answer with', () => {
  it.each(Object.entries(ODD_ANSWERS))('%s', (_, answer) => {
    const read = readIn([bytesOf(answer)])
    expect(read).toMatchObject(expectedOf(answer))
    expect(read.keepForMs > 0).toBe(answer.isKept)
    if (answer.status === null) expect(read.flaw).toMatch(/^[a-z]/)
  })
})

describe('an answer that is cut', () => {
  const short = Object.entries(ODD_ANSWERS).filter(([, { bytes }]) => bytes.length < 1_000)

  it.each(short)('at any byte is the same: %s', (_, answer) => {
    const bytes = bytesOf(answer)
    for (let at = 0; at <= bytes.length; at += 1) {
      const read = readIn([bytes.subarray(0, at), bytes.subarray(at)])
      expect({ at, ...read }).toMatchObject({ at, ...expectedOf(answer) })
      expect(read.keepForMs > 0 || !answer.isKept).toBe(true)
    }
    const byByte = Array.from(bytes, (byte) => Buffer.from([byte]))
    expect(readIn(byByte)).toMatchObject(expectedOf(answer))
  })

  it('at any number of places is the same', () => {
    const answers = fc.constantFrom(...Object.values(ODD_ANSWERS))
    fc.assert(
      fc.property(answers, fc.array(fc.nat(200_000), { maxLength: 20 }), (answer, places) => {
        expect(readIn(cut(bytesOf(answer), places))).toMatchObject(expectedOf(answer))
      }),
      { numRuns: 300 },
    )
  })

  it('is never kept when its bytes are any bytes at all, unless it is whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(300)), (bytes, places) => {
        const head = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'
        const whole = Buffer.concat([Buffer.from(head), bytes])
        const read = readIn(cut(whole, places))
        expect(read).toMatchObject({
          status: 200,
          heads: 1,
          ends: 1,
          body: Buffer.from(bytes.subarray(0, 100)).toString('latin1'),
        })
        expect(read.keepForMs > 0).toBe(bytes.length === 100)
      }),
    )
  })

  it('and chunks of any size are read as they were written', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 10 })
    fc.assert(
      fc.property(chunks, fc.array(fc.nat(1_000)), (pieces, places) => {
        const texts = pieces.map((piece) => Buffer.from(piece).toString('latin1'))
        const body = texts.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('')
        const bytes = Buffer.from(
          `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n`,
          'latin1',
        )
        const read = readIn(cut(bytes, places))
        expect(read).toMatchObject({ status: 200, ends: 1, flaw: null, body: texts.join('') })
        expect(read.keepForMs).toBeGreaterThan(0)
      }),
    )
  })
})

describe('an idle connection is kept', () => {
  it.each([
    ['for 4 s', '', 4_000],
    ['for less than the receiver keeps it', 'Keep-Alive: timeout=10', 8_000],
    ['for 30 s at most', 'Keep-Alive: max=5, timeout="3600"', 30_000],
    ['for 4 s when the hint has no time', 'Keep-Alive: max=100', 4_000],
  ])('%s', (_, header, expected) => {
    const answer = `HTTP/1.1 200 OK\r\n${header}${header && '\r\n'}Content-Length: 0\r\n\r\n`
    expect(readIn([Buffer.from(answer)]).keepForMs).toBe(expected)
  })
})

it('interim answers without end are no answer', () => {
  const pieces = Array<Buffer>(100).fill(Buffer.from('HTTP/1.1 102 Wait\r\n\r\n'.repeat(1_000)))
  expect(readIn(pieces)).toMatchObject({ status: null, ends: 1, flaw: 'sent interim answers without end' })
})

describe('what is no answer is named', () => {
  it.each([
    ['SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n', 'does not speak HTTP: "SSH-2.0-OpenSSH_9.2p1 Debian-2\\r\\n"'],
    ['\x15\x03\x01\x00\x02\x02\x46', 'does not speak HTTP: "\\u0015\\u0003\\u0001\\u0000\\u0002\\u0002F"'],
    [`POST /hook?token=secret HTTP/1.1\r\n`, 'does not speak HTTP: "POST /hook"...'],
    ['<'.repeat(200), `does not speak HTTP: "${'<'.repeat(60)}"...`],
    ['HTTP/1.1 abc OK\r\n\r\n', 'does not speak HTTP: "HTTP/1.1 abc OK\\r"'],
    ['Sch\xf6n', 'does not speak HTTP: "Sch\\xf6n"'],
    ['HTTP/1.1 20', 'closed the connection in the middle of the head of its answer: "HTTP/1.1 20"'],
    ['', 'closed the connection before it answered'],
    ['HTTP/1.1 100 Continue\r\n\r\n', 'closed the connection after an interim answer'],
  ])('%j', (bytes, flaw) => {
    expect(readIn([Buffer.from(bytes, 'latin1')]).flaw).toBe(flaw)
  })
})
