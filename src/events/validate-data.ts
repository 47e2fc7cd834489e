import { DATA_MAX_BYTES, DATA_MAX_DEPTH } from '../data-limits'
import type { Problem } from '../failure'
import { hasWholeCharacters, isDeeperThan } from '../json-slice'
import type { JsonText } from '../json-text'

const path = ['input', 'data']

export const DATA_TOO_LONG: Problem = {
  path,
  code: 'TOO_LONG',
  message: `The data has more than ${DATA_MAX_BYTES} bytes of JSON.`,
}

/** Every reason why a payload cannot be kept and sent exactly as it is. */
export function validateData({ text }: JsonText): Problem[] {
  const problems: Problem[] = []
  if (isDeeperThan(text, DATA_MAX_DEPTH)) {
    const message = `The data has more than ${DATA_MAX_DEPTH} nested lists or objects.`
    problems.push({ path, code: 'OUT_OF_RANGE', message })
  }
  if (!hasWholeCharacters(text)) {
    const message = 'The data must not contain half of a surrogate pair.'
    problems.push({ path, code: 'INVALID_CHARACTER', message })
  }
  if (Buffer.byteLength(text) > DATA_MAX_BYTES) problems.push(DATA_TOO_LONG)
  return problems
}
