import type { Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'

/** The most bytes that are kept of a response body, after decompression. */
export const KEPT_BYTES = 64 * 1024

export interface ResponseBodyEvents {
  /** nothing more will be kept: the body has ended, the limit is reached, or the compression is corrupt */
  onDone(): void
  /** `write` may be called again after it returned false */
  onDrain(): void
}

/**
 * The first 64 KiB of a response body, decompressed while it arrives. Decompression stops at 64 KiB, so that neither an endless
 * body nor a small one that decompresses to a huge one costs memory.
 *
 * Decompresses gzip, br and deflate; deflate with or without the zlib wrapper, because senders do both (RFC 9110, 8.4.1.2). Keeps
 * the bytes of any other encoding, and of several encodings at once, unchanged. When compressed data ends early or is corrupt,
 * the part before that is kept.
 */
export class ResponseBody {
  #kept = Buffer.alloc(0)
  #length = 0
  #decoder: Transform | null | undefined
  #isDone = false
  #isWhole = false

  /** @param encoding the Content-Encoding header */
  constructor(
    private readonly encoding: string,
    private readonly events: ResponseBodyEvents,
  ) {}

  /** @returns false when the caller should wait for `onDrain` before it writes more */
  write(chunk: Buffer): boolean {
    if (this.#isDone || chunk.length === 0) return true
    if (this.#decoder === undefined) this.#decoder = this.#openDecoder(chunk)
    if (this.#decoder !== null) return this.#decoder.write(chunk)
    this.#keep(chunk)
    return true
  }

  /** The body has ended. `onDone` follows when the rest is decompressed. */
  end(): void {
    if (this.#decoder) this.#decoder.end()
    else this.#finish(true)
  }

  /** Keeps nothing more, and does not call `onDone`. */
  discard(): void {
    this.#isDone = true
    this.#decoder?.destroy()
  }

  /** True when the kept text is not the whole body. */
  get truncated(): boolean {
    return !this.#isWhole
  }

  /**
   * The kept bytes as text: UTF-8. U+FFFD replaces every byte that is not UTF-8, and U+0000, which PostgreSQL cannot store. A
   * truncated body does not end in half a character.
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

  /** Copies into one buffer, so that many tiny chunks cost no more memory than their bytes. */
  #keep(chunk: Buffer): void {
    if (this.#isDone) return
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

  #finish(isWhole: boolean): void {
    if (this.#isDone) return
    this.#isWhole = isWhole
    this.discard()
    this.events.onDone()
  }
}

/** Flushes after every chunk, so that the part before an early end can be kept. */
const ZLIB = { flush: constants.Z_SYNC_FLUSH }
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH }

function decoderFor(encoding: string, firstChunk: Buffer): Transform | null {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip(ZLIB)
    case 'deflate':
      // RFC 1950: the low four bits of the first byte of the zlib wrapper are its method, always 8.
      return ((firstChunk[0] ?? 0) & 0x0f) === 8 ? createInflate(ZLIB) : createInflateRaw(ZLIB)
    case 'br':
      return createBrotliDecompress(BROTLI)
    default:
      return null
  }
}
