import type { Problem } from './failure'

/** Reports a text that PostgreSQL cannot store: one with U+0000 or half of a surrogate pair. */
export function validateText(text: string, path: Problem['path']): Problem[] {
  if (!text.includes('\0') && text.isWellFormed()) return []
  const message = 'The text must not contain the character U+0000 or half of a surrogate pair.'
  return [{ path, code: 'INVALID_CHARACTER', message }]
}
