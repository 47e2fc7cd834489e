import { randomUUID } from 'node:crypto'

/** The texts that are being printed; undefined = JSON.stringify was called by somebody else. */
let printing: string[] | undefined
/** Stands for a text until the rest is printed. Random for each process and never sent, so no value can contain it. */
const MARK = randomUUID()

/**
 * A JSON value as its text. A parsed value has lost how it was written: JSON.parse rounds numbers, moves keys such as "2" to
 * the front, and keeps only the last of several equal keys.
 */
export class JsonText {
  /** @param text valid JSON */
  constructor(readonly text: string) {}

  /** Called by JSON.stringify. */
  toJSON(): unknown {
    if (printing === undefined) return JSON.parse(this.text)
    printing.push(this.text)
    return MARK
  }
}

/**
 * JSON.stringify that prints each JsonText in the value exactly as its text. JSON.rawJSON would do, but Node 20 lacks it.
 *
 * A value without a JsonText costs no more than JSON.stringify.
 */
export function printJson(value: unknown): string {
  const texts: string[] = []
  const outer = printing
  printing = texts
  let printed: string
  try {
    printed = JSON.stringify(value)
  } finally {
    printing = outer
  }
  if (texts.length === 0) return printed
  const [start, ...parts] = printed.split(`"${MARK}"`)
  return start + parts.map((part, index) => texts[index] + part).join('')
}
