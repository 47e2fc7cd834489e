/**
 * Finds and checks values in the text of JSON. Every text given must be one that JSON.parse accepts: nothing is validated
 * again, so a value of 1 KB is found in about a microsecond.
 */

const QUOTE = 0x22
const COMMA = 0x2c
const OPENING_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSING_BRACKET = 0x5d
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

const isSpace = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09

/**
 * The text of the value at the end of a path through nested objects, without white space around it. Of several equal keys the
 * last one counts, as it does for JSON.parse. Each character is read once.
 *
 * @param path names of members; empty = the whole value
 * @returns undefined when there is no such value
 */
export function sliceAt(json: string, path: readonly string[]): string | undefined {
  let position = 0
  let found: string | undefined
  const skipSpace = () => {
    while (isSpace(json.charCodeAt(position))) position += 1
  }
  /** Reads the value at the position, which `level` names of the path lead to, and moves behind it. */
  const readValue = (level: number) => {
    const start = position
    const name = path[level]
    found = undefined
    if (name !== undefined && json.charCodeAt(start) === OPENING_BRACE) return readObject(name, level)
    position = endOfValue(json, start)
    if (name === undefined) found = json.slice(start, position)
  }
  const readObject = (name: string, level: number) => {
    position += 1
    for (skipSpace(); json.charCodeAt(position) !== CLOSING_BRACE; skipSpace()) {
      const key = position
      position = endOfString(json, key)
      const isNamed = isString(json, key, position, name)
      skipSpace()
      // The colon.
      position += 1
      skipSpace()
      if (isNamed) readValue(level + 1)
      else position = endOfValue(json, position)
      skipSpace()
      if (json.charCodeAt(position) === COMMA) position += 1
    }
    position += 1
  }
  skipSpace()
  readValue(0)
  return found
}

/** Whether the string from `start` to `end` has this value. Any character of it may be written as an escape, which is longer. */
function isString(json: string, start: number, end: number, value: string): boolean {
  const escaping = end - start - 2 - value.length
  if (escaping <= 0) return escaping === 0 && json.startsWith(value, start + 1)
  const string = json.slice(start, end)
  return string.includes('\\') && JSON.parse(string) === value
}

/** The index behind the value that starts here. */
function endOfValue(json: string, start: number): number {
  let depth = 0
  for (let index = start; index < json.length; index += 1) {
    const code = json.charCodeAt(index)
    if (code === QUOTE) {
      index = endOfString(json, index) - 1
      if (depth === 0) return index + 1
    } else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
      depth += 1
    } else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) {
      // At depth 0, what closes is around the number or word that ends here.
      if (depth === 0) return index
      depth -= 1
      if (depth === 0) return index + 1
    } else if (depth === 0 && (code === COMMA || isSpace(code))) {
      return index
    }
  }
  return json.length
}

/** The index behind the string that starts here. */
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1)
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1)
  if (end < 0) throw new Error('The text is not JSON')
  return end + 1
}

/** A quote is escaped when an odd number of backslashes is before it. */
function isEscaped(json: string, quote: number): boolean {
  let first = quote
  while (json.charCodeAt(first - 1) === BACKSLASH) first -= 1
  return (quote - first) % 2 === 1
}

/** Whether lists and objects are nested deeper than this. */
export function isDeeperThan(json: string, limit: number): boolean {
  // Each level takes two characters.
  if (json.length <= 2 * limit) return false
  let depth = 0
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index)
    if (code === QUOTE) index = endOfString(json, index) - 1
    else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) depth -= 1
    else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
      depth += 1
      if (depth > limit) return true
    }
  }
  return false
}

/** Every escape in JSON, surrogate pairs as one. The group is half of a pair. */
const ESCAPES = /\\(?:ud[89ab]..\\ud[c-f]..|(ud[89a-f])|.)/gi
/** Found in most texts that have any half of a pair, and hardly in others. */
const SURROGATE = /\\u[dD][89a-fA-F]/

/** Whether every character is whole: no half of a surrogate pair, neither as such nor as an escape. */
export function hasWholeCharacters(json: string): boolean {
  if (!json.isWellFormed()) return false
  if (!SURROGATE.test(json)) return true
  for (const [, half] of json.matchAll(ESCAPES)) if (half !== undefined) return false
  return true
}

/** A string, or white space between tokens. */
const STRING_OR_SPACE = /("[^"\\]*(?:\\.[^"\\]*)*")|[ \n\r\t]+/g

/** The same JSON without white space between its tokens. */
export const withoutSpace = (json: string): string => json.replace(STRING_OR_SPACE, '$1')
