import type { Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'

/** How much of a receiver's answer is kept, in decompressed bytes. */
export const KEPT_BYTES = 64 * 1024

export interface ResponseBodyEvents {
  /** nothing more will be kept: the body is whole, or as much as fits has come, or its compression is corrupt */
  onDone(): void
  /** there is room for more after `write` said false */
  onDrain(): void
}

/**
 * The beginning of a response body, decompressed while it comes. Holds 64 KiB at most and stops decompressing there,
 * so neither an endless body nor a small one that swells costs memory.
 *
 * gzip, deflate (with or without the zlib wrapper, as senders do both: RFC 9110, 8.4.1.2) and br are decompressed;
 * of any other encoding, or of several at once, the bytes are kept as they are. Where compressed data breaks off or
 * is corrupt, what was decompressed until then is kept.
 */
export class ResponseBody {
  #kept = Buffer.alloc(0)
  #length = 0
  #decoder: Transform | null | undefined
  #done = false
  #whole = false

  /** @param encoding the Content-Encoding header */
  constructor(
    private readonly encoding: string,
    private readonly events: ResponseBodyEvents,
  ) {}

  /** @returns false when no more should be written before `onDrain` */
  write(chunk: Buffer): boolean {
    if (this.#done || chunk.length === 0) return true
    if (this.#decoder === undefined) this.#decoder = this.#openDecoder(chunk)
    if (this.#decoder !== null) return this.#decoder.write(chunk)
    this.#keep(chunk)
    return true
  }

  /** The body has come to its end. `onDone` follows as soon as what is left is decompressed. */
  end(): void {
    if (this.#decoder) this.#decoder.end()
    else this.#finish(true)
  }

  /** Stops for good, without `onDone`. */
  discard(): void {
    this.#done = true
    this.#decoder?.destroy()
  }

  /** True when what is kept is not all that the receiver had to say. */
  get truncated(): boolean {
    return !this.#whole
  }

  /**
   * What is kept as text: UTF-8, with U+FFFD for every byte that is not, for U+0000 (which PostgreSQL cannot store)
   * and with no half character at the end of a truncated body.
   */
  text(): string {
    const bytes = this.#kept.subarray(0, this.#length)
    return new TextDecoder().decode(bytes, { stream: this.truncated }).replaceAll('\u0000', '\ufffd')
  }

  #openDecoder(chunk: Buffer): Transform | null {
    const decoder = decoderFor(this.encoding.trim().toLowerCase(), chunk)
    decoder
      ?.on('data', (decoded: Buffer) => this.#keep(decoded))
      .on('drain', () => this.events.onDrain())
      .on('end', () => this.#finish(true))
      .on('error', () => this.#finish(false))
    return decoder
  }

  /** Copies, so that many tiny chunks cost no more than their bytes. */
  #keep(chunk: Buffer): void {
    if (this.#done) return
    const room = KEPT_BYTES - this.#length
    const part = chunk.subarray(0, room)
    const needed = this.#length + part.length
    if (needed > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.min(KEPT_BYTES, Math.max(needed, 2 * this.#kept.length)))
      this.#kept.copy(larger, 0, 0, this.#length)
      this.#kept = larger
    }
    part.copy(this.#kept, this.#length)
    this.#length = needed
    if (chunk.length > room) this.#finish(false)
  }

  #finish(whole: boolean): void {
    if (this.#done) return
    this.#whole = whole
    this.discard()
    this.events.onDone()
  }
}

/** With a flush for every chunk, what came before a break is there to be kept. */
const ZLIB = { flush: constants.Z_SYNC_FLUSH }
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH }

function decoderFor(encoding: string, firstChunk: Buffer): Transform | null {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip(ZLIB)
    case 'deflate':
      // RFC 1950: the low four bits of the zlib wrapper's first byte name its method, which is always 8.
      return ((firstChunk[0] ?? 0) & 0x0f) === 8 ? createInflate(ZLIB) : createInflateRaw(ZLIB)
    case 'br':
      return createBrotliDecompress(BROTLI)
    default:
      return null
  }
}
