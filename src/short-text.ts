/** The longest message that a caller sees, in characters. */
export const MESSAGE_MAX_LENGTH = 500

const ELLIPSIS = ' ... '
/** Of a long message, a quoted text that is longer than this is shortened to it. */
const QUOTED_MAX_LENGTH = 80
const LONG_QUOTE = new RegExp(`"(?:[^"\\\\]|\\\\.){${QUOTED_MAX_LENGTH - 1},}"`, 'gs')

/** Shortens a text to a length by leaving out its middle. No half of a surrogate pair is left. */
export function shortText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const kept = maxLength - ELLIPSIS.length
  const tail = Math.floor(kept / 2)
  return (text.slice(0, kept - tail) + ELLIPSIS + text.slice(text.length - tail)).toWellFormed()
}

/**
 * Shortens a message to `MESSAGE_MAX_LENGTH`. Messages of graphql-js repeat the value that they reject, of any size, before they
 * say what is wrong with it. So long quoted texts are shortened first.
 */
export function shortMessage(message: string): string {
  if (message.length <= MESSAGE_MAX_LENGTH) return message
  return shortText(
    message.replace(LONG_QUOTE, (quoted) => shortText(quoted, QUOTED_MAX_LENGTH)),
    MESSAGE_MAX_LENGTH,
  )
}
