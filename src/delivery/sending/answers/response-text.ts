import { TextDecoder } from 'node:util'

const BYTE_ORDER_MARK = '\ufeff'

/**
 * The bytes of a response body as text, by the charset of its Content-Type; UTF-8 when there is none, or an unknown one. U+FFFD
 * replaces every byte that is not of the charset, and U+0000, which PostgreSQL cannot store.
 *
 * @param isCut the text ends where it was cut: half a character at its end is left out
 */
export function responseText(bytes: Buffer, contentType: string | undefined, isCut: boolean): string {
  const charset = contentType?.includes(';') ? charsetOf(contentType) : 'utf-8'
  // Buffers decode UTF-8 at a tenth of the cost of a TextDecoder.
  const isPlain = !isCut && /^utf-?8$/.test(charset)
  const text = isPlain ? bytes.toString('utf8') : decoderFor(charset).decode(bytes, { stream: isCut })
  return (isPlain && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text).replaceAll('\u0000', '\ufffd')
}

const charsetOf = (contentType: string): string =>
  /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8'

function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset)
  } catch {
    // A name that no standard knows.
    return new TextDecoder()
  }
}
