import { createHash } from 'node:crypto'
import { validateText } from '../validate-text'

/** Longer subjects than OpenID Connect allows would not fit into the index of idempotency keys. */
const SUBJECT_MAX_LENGTH = 255

/**
 * Who owns the idempotency keys of a caller with a token: one publisher for each subject, however the subject publishes. The
 * prefix keeps subjects apart from publishers of other kinds.
 *
 * @param subject of the token; empty = it has none. All tokens without a subject are one publisher.
 * @returns a text that PostgreSQL can store and index, different for each subject
 */
export function publisherOf(subject: string): string {
  const isPlain = subject.length <= SUBJECT_MAX_LENGTH && validateText(subject, []).length === 0
  if (isPlain) return `sub:${subject}`
  // JSON has an escape for each half of a surrogate pair, which UTF-8 has not.
  return `sub-sha256:${createHash('sha256').update(JSON.stringify(subject)).digest('hex')}`
}
