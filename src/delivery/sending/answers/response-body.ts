import type { Transform } from 'node:stream'
import { type Coding, codingOf, decodeBeginning, isText, mayBeText } from './decode'
import { responseText } from './response-text'

/** The most bytes that are kept of a response body, after decompression. */
export const KEPT_BYTES = 64 * 1024

const NOTHING = Buffer.alloc(0)

export interface ResponseBodyEvents {
  /** nothing more will be kept: the body has ended, the limit is reached, or the compression is corrupt */
  onDone(): void
  /** `write` may be called again after it returned false */
  onDrain(): void
}

/** Headers of the response, undefined when it has none. */
export interface ContentHeaders {
  encoding: string | undefined
  type: string | undefined
}

/**
 * The first 64 KiB of a response body, decompressed while it arrives. Decompression stops at 64 KiB, so that neither an endless
 * body nor a small one that decompresses to a huge one costs memory.
 *
 * Decompresses gzip, br, zstd (where Node can) and deflate; deflate with or without the zlib wrapper, because senders do both
 * (RFC 9110, 8.4.1.2). Keeps the bytes of any other encoding, and of several encodings at once, unchanged. When compressed data
 * ends early or is corrupt, the part before that is kept; when it is text that is not compressed at all, the text.
 */
export class ResponseBody {
  #kept = NOTHING
  #length = 0
  #decoder: Transform | null | undefined
  /** the compressed bytes, up to the limit */
  #compressed: Buffer[] = []
  #compressedLength = 0
  #hasEnded = false
  /** a part of the body did not come */
  #isCut = false
  #isDone = false
  #isWhole = false

  constructor(
    private readonly headers: ContentHeaders,
    private readonly events: ResponseBodyEvents,
  ) {}

  /**
   * @param piece is copied
   * @returns false when the caller should wait for `onDrain` before it writes more
   */
  write(piece: Buffer): boolean {
    if (this.#isDone || piece.length === 0) return true
    if (this.#decoder === undefined) this.#decoder = this.#openDecoder(piece)
    if (this.#decoder === null) {
      this.#keep(piece)
      return true
    }
    const copy = Buffer.from(piece)
    if (this.#compressedLength <= KEPT_BYTES) this.#compressed.push(copy)
    this.#compressedLength += copy.length
    return this.#decoder.write(copy)
  }

  /**
   * The body has ended. `onDone` follows when the rest is decompressed.
   *
   * @param isWhole false = a part of it is missing
   */
  end(isWhole = true): void {
    this.#hasEnded = true
    this.#isCut = !isWhole
    if (this.#decoder) this.#decoder.end()
    else this.#finish(isWhole)
  }

  /** Keeps nothing more, and does not call `onDone`. */
  discard(): void {
    this.#isDone = true
    this.#compressed = []
    this.#decoder?.destroy()
  }

  /** True when the kept text is not the whole body. */
  get truncated(): boolean {
    return !this.#isWhole
  }

  /** The kept bytes as text. */
  text(): string {
    if (this.#length === 0) return ''
    return responseText(this.#kept.subarray(0, this.#length), this.headers.type, this.truncated)
  }

  #openDecoder(first: Buffer): Transform | null {
    const { encoding } = this.headers
    const coding = encoding === undefined ? undefined : codingOf(encoding, first)
    if (coding === undefined) return null
    return coding
      .stream()
      .on('data', (decoded: Buffer) => this.#keep(decoded))
      .on('drain', () => this.events.onDrain())
      .on('end', () => this.#finish(!this.#isCut))
      .on('error', () => this.#onCorrupt(coding))
  }

  #onCorrupt(coding: Coding): void {
    if (this.#isDone) return
    const compressed = Buffer.concat(this.#compressed)
    this.#compressed = []
    if (this.#length === 0 && isText(compressed)) {
      this.#continueAsText(compressed)
      return
    }
    const isAll = compressed.length === this.#compressedLength
    const decoded = isAll ? decodeBeginning(coding, compressed, KEPT_BYTES) : compressed.subarray(0, 0)
    if (decoded.length > this.#length) {
      this.#length = 0
      this.#keep(decoded)
    }
    if (this.#length === 0 && mayBeText(compressed)) this.#continueAsText(compressed)
    else this.#finish(false)
  }

  /** The label was wrong: the bytes are not compressed. */
  #continueAsText(bytes: Buffer): void {
    this.#decoder = null
    this.#keep(bytes)
    if (this.#hasEnded) this.#finish(!this.#isCut)
    else this.events.onDrain()
  }

  /** Copies into one buffer, so that many tiny pieces cost no more memory than their bytes. */
  #keep(piece: Buffer): void {
    if (this.#isDone) return
    const room = KEPT_BYTES - this.#length
    const part = piece.length <= room ? piece : piece.subarray(0, room)
    const needed = this.#length + part.length
    if (needed > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.min(KEPT_BYTES, Math.max(needed, 2 * this.#kept.length)))
      this.#kept.copy(larger, 0, 0, this.#length)
      this.#kept = larger
    }
    part.copy(this.#kept, this.#length)
    this.#length = needed
    if (piece.length > room) this.#finish(false)
  }

  #finish(isWhole: boolean): void {
    if (this.#isDone) return
    this.#isWhole = isWhole
    this.discard()
    this.events.onDone()
  }
}
