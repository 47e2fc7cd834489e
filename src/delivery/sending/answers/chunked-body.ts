const LINE_FEED = 10
const NOTHING = Buffer.alloc(0)
/** The longest line of a chunk's size, with its extensions, and all lines of the trailer. */
const LINES_MAX = 64 * 1024

/** Reads a body in chunks (RFC 9112, 7.1). Ignores chunk extensions and trailers. A line may end in a line feed alone. */
export class ChunkedBody {
  /** `broken`: the bytes are no chunks, so where the body ends is not known */
  state: 'size' | 'data' | 'data-end' | 'trailer' | 'over' | 'broken' = 'size'
  /** the part of a line that has arrived */
  #line = ''
  #linesLength = 0
  /** bytes of the chunk that have not arrived */
  #missing = 0

  /**
   * @param onData called with each piece of the body
   * @returns the bytes behind the body
   */
  read(bytes: Buffer, onData: (piece: Buffer) => void): Buffer {
    let at = 0
    while (at < bytes.length && this.state !== 'over' && this.state !== 'broken') {
      if (this.state === 'data') {
        const piece = bytes.subarray(at, at + this.#missing)
        at += piece.length
        this.#missing -= piece.length
        if (this.#missing === 0) this.state = 'data-end'
        onData(piece)
      } else at = this.#readLine(bytes, at)
    }
    return at === bytes.length ? NOTHING : bytes.subarray(at)
  }

  #readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LINE_FEED, from)
    const to = end === -1 ? bytes.length : end + 1
    this.#linesLength += to - from
    if (this.#linesLength > LINES_MAX) this.state = 'broken'
    else {
      this.#line += bytes.toString('latin1', from, to)
      if (end !== -1) this.#onLine(this.#line.trimEnd())
    }
    return to
  }

  #onLine(line: string): void {
    this.#line = ''
    if (this.state === 'trailer') {
      if (line === '') this.state = 'over'
      return
    }
    this.#linesLength = 0
    if (this.state === 'data-end') {
      this.state = line === '' ? 'size' : 'broken'
      return
    }
    const size = /^[ \t]*([\da-f]{1,16})(?=[ \t;]|$)/i.exec(line)?.[1]
    this.#missing = size === undefined ? 0 : Number.parseInt(size, 16)
    if (size === undefined) this.state = 'broken'
    else this.state = this.#missing === 0 ? 'trailer' : 'data'
  }
}
