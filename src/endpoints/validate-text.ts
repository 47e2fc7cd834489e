import type { Problem } from '../failure'

/** PostgreSQL can store neither U+0000 nor a lone surrogate. */
export function validateText(text: string, path: Problem['path']): Problem[] {
  if (!text.includes('\0') && text.isWellFormed()) return []
  const message = 'The text must not contain the character U+0000 or half of a surrogate pair.'
  return [{ path, code: 'INVALID_CHARACTER', message }]
}
