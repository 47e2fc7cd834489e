const QUOTED_MAX_LENGTH = 60

/**
 * The beginning of what a receiver has sent, safe to show: in quotation marks, other than printable ASCII escaped. Ends before the
 * first question mark: an echo of the request must not show the query of the target, which may contain a secret.
 *
 * @param text bytes as Latin-1
 */
export function quote(text: string): string {
  const shown = text.slice(0, QUOTED_MAX_LENGTH).replace(/[?].*/s, '')
  const escaped = JSON.stringify(shown).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return shown.length < text.length ? `${escaped}...` : escaped
}
