import { type AnswerHead, framingOf, parseHead } from './answer-head'
import { ChunkedBody } from './chunked-body'
import { quote } from './quote'

/** The promise is 64 KiB. More is read, because receivers count differently. */
const HEAD_MAX = 80 * 1024
/** The most bytes that become text at once, so that the head does not keep the text of a body in memory. */
const HEAD_PIECE = 4 * 1024
/** All interim answers before the final one together. */
const INTERIM_MAX = 1024 * 1024

const HEAD_END = /\n\r*\n/g
const NOTHING = Buffer.alloc(0)

export interface AnswerEvents {
  /** the final status: the receiver has answered. Interim answers (1xx) are passed over. */
  onHead(head: AnswerHead): void
  /** @param piece a part of the bytes that are being read */
  onBody(piece: Buffer): void
  /** @param flaw what was wrong with the body: a part of it is missing. Null = it is whole */
  onEnd(flaw: string | null): void
  /** @param flaw why the bytes are no answer, in words that follow "the receiver" */
  onNoAnswer(flaw: string): void
}

/** A view of bytes costs as much as a line of the head: most pieces need none. */
const firstBytes = (bytes: Buffer, max: number) => (bytes.length <= max ? bytes : bytes.subarray(0, max))

/**
 * Reads the answer to one request of HTTP/1, from bytes that are cut anywhere. Calls `onHead`, `onBody` and `onEnd`, or
 * `onNoAnswer`.
 *
 * Tolerant by intention: webhooks go to servers of every kind, and an answer that curl understands is an answer. What is odd in it
 * only prevents that its connection is used again.
 */
export class AnswerReader {
  #state: 'head' | 'length' | 'chunked' | 'close' | 'over' = 'head'
  /** the part of the head that has arrived, as Latin-1 */
  #head = ''
  #interimLength = 0
  /** bytes of the body that have not arrived */
  #missing = 0
  #chunked: ChunkedBody | undefined
  #keepForMs = 0

  constructor(private readonly events: AnswerEvents) {}

  /** How long the connection may be idle before its next request, in milliseconds. 0 = it must not be used again. */
  get keepForMs(): number {
    return this.#state === 'over' ? this.#keepForMs : 0
  }

  read(bytes: Buffer): void {
    let rest = bytes
    while (this.#state === 'head' && rest.length > 0) {
      const piece = firstBytes(rest, HEAD_PIECE)
      const after = this.#readHead(piece)
      rest = piece === rest ? after : rest.subarray(piece.length - after.length)
    }
    if (this.#state === 'length') this.#readLength(rest)
    else if (rest.length === 0) return
    else if (this.#state === 'close') this.events.onBody(rest)
    else if (this.#state === 'chunked') this.#readChunked(rest)
    // Bytes that belong to no answer.
    else if (this.#state === 'over') this.#keepForMs = 0
  }

  /** The receiver has closed the connection: no more bytes will come. */
  end(): void {
    // As for curl, a head may end with its connection when its status line is whole.
    if (this.#state === 'head' && this.#head.includes('\n')) this.#onHead(this.#head)
    if (this.#state === 'head') this.#noAnswer(this.#cutHead())
    else if (this.#state === 'length' && this.#missing > 0)
      this.#end(`closed the connection with ${this.#missing} bytes of the body missing`)
    else if (this.#state === 'chunked') this.#end('closed the connection in the middle of the body')
    else if (this.#state !== 'over') this.#end(null)
  }

  /** @returns the bytes behind the head of the final answer */
  #readHead(bytes: Buffer): Buffer {
    const known = this.#head.length
    let from = Math.max(0, this.#head.lastIndexOf('\n'))
    let consumed = -known
    this.#head += bytes.toString('latin1')
    for (;;) {
      HEAD_END.lastIndex = from
      const end = HEAD_END.exec(this.#head)
      const length = end === null ? this.#head.length : HEAD_END.lastIndex
      if (length > HEAD_MAX) this.#noAnswer(`sent a head of more than ${HEAD_MAX / 1024} KiB`)
      else if (end === null) this.#refuseOther()
      if (end === null || this.#state === 'over') return NOTHING
      const head = this.#head.slice(0, end.index)
      if (!this.#onHead(head)) this.#refuse(head)
      consumed += length
      if (this.#state !== 'head') return bytes.subarray(consumed)
      this.#head = this.#head.slice(length)
      this.#interimLength += length
      from = 0
      if (this.#interimLength <= INTERIM_MAX) continue
      this.#noAnswer('sent interim answers without end')
      return NOTHING
    }
  }

  /** @returns false when the text is no head of HTTP, or one that cannot be followed */
  #onHead(text: string): boolean {
    const head = parseHead(text)
    if (head === undefined || head.status === 101) return false
    if (head.status < 200) return true
    const { body, keepForMs } = framingOf(head)
    this.#keepForMs = keepForMs
    if (typeof body === 'number') this.#missing = body
    if (body === 'chunked') this.#chunked = new ChunkedBody()
    this.#state = typeof body === 'number' ? 'length' : body
    this.#head = ''
    this.events.onHead(head)
    return true
  }

  #readLength(bytes: Buffer): void {
    const piece = firstBytes(bytes, this.#missing)
    this.#missing -= piece.length
    this.events.onBody(piece)
    if (this.#missing > 0) return
    if (piece.length < bytes.length) this.#keepForMs = 0
    this.#end(null)
  }

  #readChunked(bytes: Buffer): void {
    const chunked = this.#chunked
    if (chunked === undefined) return
    const rest = chunked.read(bytes, (piece) => this.events.onBody(piece))
    if (chunked.state === 'broken') {
      this.#keepForMs = 0
      this.#end('sent a body whose chunks have no valid size')
    } else if (chunked.state === 'over') {
      if (rest.length > 0) this.#keepForMs = 0
      this.#end(null)
    }
  }

  #end(flaw: string | null): void {
    this.#state = 'over'
    if (flaw !== null) this.#keepForMs = 0
    this.events.onEnd(flaw)
  }

  #noAnswer(flaw: string): void {
    this.#state = 'over'
    this.events.onNoAnswer(flaw)
  }

  /** Refuses another protocol as soon as its first bytes show that. */
  #refuseOther(): void {
    const start = this.#head.slice(0, 5).toLowerCase()
    const lineEnd = this.#head.indexOf('\n')
    if (!'http/'.startsWith(start)) this.#refuse(this.#head)
    else if (lineEnd !== -1 && parseHead(this.#head.slice(0, lineEnd)) === undefined) this.#refuse(this.#head)
  }

  #refuse(head: string): void {
    const isSwitch = parseHead(head) !== undefined
    this.#noAnswer(
      isSwitch ? 'switched to another protocol unasked (101)' : `does not speak HTTP: ${quote(head)}`,
    )
  }

  #cutHead(): string {
    if (this.#interimLength > 0) return 'closed the connection after an interim answer'
    if (this.#head === '') return 'closed the connection before it answered'
    return `closed the connection in the middle of the head of its answer: ${quote(this.#head)}`
  }
}
