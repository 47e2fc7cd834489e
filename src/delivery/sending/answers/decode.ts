import { isUtf8 } from 'node:buffer'
import type { Transform } from 'node:stream'
import zlib, { constants } from 'node:zlib'

/** Flushes after every piece, so that the part before an early end can be kept. */
const ZLIB = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
const BROTLI = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH }

type DecodeAll = (bytes: Buffer, options: { maxOutputLength: number }) => Buffer

/** How to decompress one encoding. */
export interface Coding {
  stream: () => Transform
  all: DecodeAll
}

const GZIP: Coding = {
  stream: () => zlib.createGunzip({ flush: ZLIB.flush }),
  all: (bytes, options) => zlib.gunzipSync(bytes, { ...ZLIB, ...options }),
}
const INFLATE: Coding = {
  stream: () => zlib.createInflate({ flush: ZLIB.flush }),
  all: (bytes, options) => zlib.inflateSync(bytes, { ...ZLIB, ...options }),
}
const INFLATE_RAW: Coding = {
  stream: () => zlib.createInflateRaw({ flush: ZLIB.flush }),
  all: (bytes, options) => zlib.inflateRawSync(bytes, { ...ZLIB, ...options }),
}
const BROTLI_CODING: Coding = {
  stream: () => zlib.createBrotliDecompress({ flush: BROTLI.flush }),
  all: (bytes, options) => zlib.brotliDecompressSync(bytes, { ...BROTLI, ...options }),
}

/** Zstandard exists from Node 22.15 on. */
const { createZstdDecompress, zstdDecompressSync } = zlib as typeof zlib & {
  createZstdDecompress?: () => Transform
  zstdDecompressSync?: DecodeAll
}

/**
 * @param encoding a Content-Encoding
 * @param first the first bytes of the body
 * @returns undefined when the bytes must be kept as they are
 */
export function codingOf(encoding: string, first: Buffer): Coding | undefined {
  switch (encoding.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return GZIP
    case 'deflate':
      // RFC 1950: the low four bits of the first byte of the zlib wrapper are its method, always 8.
      return ((first[0] ?? 0) & 0x0f) === 8 ? INFLATE : INFLATE_RAW
    case 'br':
      return BROTLI_CODING
    case 'zstd':
      return createZstdDecompress && zstdDecompressSync
        ? { stream: createZstdDecompress, all: zstdDecompressSync }
        : undefined
    default:
      return undefined
  }
}

/**
 * Decompresses bytes that are corrupt somewhere, up to there: a stream of Node loses what it decompressed from the piece that holds
 * the fault. Searches the longest beginning that can be decompressed; each step costs less than a millisecond.
 *
 * @param maxLength the most bytes to return
 */
export function decodeBeginning({ all }: Coding, bytes: Buffer, maxLength: number): Buffer {
  let decoded: Buffer = Buffer.alloc(0)
  let [good, bad] = [0, bytes.length + 1]
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    try {
      decoded = all(bytes.subarray(0, middle), { maxOutputLength: maxLength })
      good = middle
    } catch {
      // Corrupt or too long: the search continues below `middle`.
      bad = middle
    }
  }
  return decoded
}

/** Whether bytes are text in UTF-8. Compressed data never is: some of its first bytes are control characters or not UTF-8. */
export const isText = (bytes: Buffer): boolean => isUtf8(bytes) && mayBeText(bytes)

/** Whether bytes may be text in some charset that includes ASCII, because no byte is a control character of ASCII. */
export const mayBeText = (bytes: Buffer): boolean =>
  !/[^\P{Cc}\t\n\f\r\u0080-\u009f]/u.test(bytes.toString('latin1'))
