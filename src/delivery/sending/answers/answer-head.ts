/** The head of an answer, as far as it was understood. */
export interface AnswerHead {
  status: number
  /** what follows the status on its line; often empty */
  reason: string
  /** HTTP/1.0: the connection ends after the answer unless the receiver says otherwise */
  isOld: boolean
  /** names in lower case, values of bytes as Latin-1, in the order of the wire */
  headers: [name: string, value: string][]
}

/** How an answer's body ends, and what becomes of its connection. */
export interface Framing {
  /** `chunked`, a number of bytes, or `close` = where the connection ends */
  body: 'chunked' | 'close' | number
  /** How long the connection may be idle before its next request, in milliseconds. 0 = it must not be used again. */
  keepForMs: number
}

/** The status line that curl accepts, and some that it does not: any version, no reason, any case. */
const STATUS_LINE = /^HTTP\/\d+(?:\.\d+)?[ \t]+([1-9]\d\d)(?!\d)[ \t]*(.*)/i

/**
 * Reads a head that has arrived completely. Accepts every head that curl 7.88 accepts: lines that end in a line feed alone, folded
 * lines, spaces before a colon, bytes that are not ASCII. Ignores a line without a colon.
 *
 * @param text the head without its empty line, as Latin-1
 * @returns undefined when the first line is no status line of HTTP
 */
export function parseHead(text: string): AnswerHead | undefined {
  const lines = text.split('\n')
  const [first = ''] = lines
  const [, status, reason = ''] = STATUS_LINE.exec(first) ?? []
  if (status === undefined) return undefined
  const headers: AnswerHead['headers'] = []
  for (let nth = 1; nth < lines.length; nth += 1) {
    const line = lines[nth] ?? ''
    // A line with white space in front continues the one before (obs-fold, RFC 9112, 5.2).
    if (headers.length > 0 && (line.startsWith(' ') || line.startsWith('\t'))) unfold(headers, line)
    else {
      const colon = line.indexOf(':')
      if (colon !== -1)
        headers.push([line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()])
    }
  }
  return {
    status: Number(status),
    reason: reason.trim(),
    isOld: !first.startsWith('HTTP/1.1') && /^http\/(?:0|1(?:\.0)?[ \t])/i.test(first),
    headers,
  }
}

function unfold(headers: AnswerHead['headers'], line: string): void {
  const last = headers.at(-1)
  if (last !== undefined) last[1] = `${last[1]} ${line.trim()}`.trim()
}

/** The first value of a header; undefined when there is none. */
export const headerOf = ({ headers }: AnswerHead, name: string): string | undefined =>
  headers.find(([each]) => each === name)?.[1]

/** The elements of a list, in lower case. */
const elementsOf = (list: string): string[] =>
  list
    .toLowerCase()
    .split(',')
    .map((element) => element.trim())

/**
 * How long an idle connection is kept: 4 s, or the time in the receiver's Keep-Alive header less 2 s, 30 s at most. Most servers
 * wait 5 s or longer before they close a connection.
 */
const IDLE_MS = 4_000
const IDLE_MARGIN_MS = 2_000
const IDLE_MAX_MS = 30_000

/**
 * Says how the body of a final answer ends. The connection is kept only when the head leaves no doubt about that, because two
 * readings of one answer would make one receiver's bytes the answer to another request.
 */
export function framingOf(head: AnswerHead): Framing {
  let codings: string[] | undefined
  let connection: string[] | undefined
  /** all values of Content-Length, which may be lists themselves */
  let lengths: string | undefined
  let hint: string | undefined
  for (const [name, value] of head.headers) {
    if (name === 'content-length') lengths = lengths === undefined ? value : `${lengths},${value}`
    else if (name === 'transfer-encoding') codings = [...(codings ?? []), ...elementsOf(value)]
    else if (name === 'connection') connection = [...(connection ?? []), ...elementsOf(value)]
    else if (name === 'keep-alive') hint ??= value
  }
  const idleMs = keepForMs(head, connection, hint)
  // RFC 9112, 6.3: answers with these statuses have no body, whatever their head says.
  if (head.status === 204 || head.status === 304) {
    const isPlain =
      codings === undefined && (lengths === undefined || /^0\s*(,|$)/.test(lengths) || head.status === 304)
    return { body: 0, keepForMs: isPlain ? idleMs : 0 }
  }
  if (codings?.at(-1) === 'chunked') {
    const isPlain = codings.length === 1 && lengths === undefined && !head.isOld
    return { body: 'chunked', keepForMs: isPlain ? idleMs : 0 }
  }
  const length = lengths === undefined ? undefined : lengthOf(lengths)
  if (codings !== undefined || length === undefined) return { body: 'close', keepForMs: 0 }
  return { body: length.bytes, keepForMs: length.isPlain ? idleMs : 0 }
}

/**
 * As curl does, the last of several lengths counts.
 *
 * @returns undefined when one of them is no length
 */
function lengthOf(lengths: string): { bytes: number; isPlain: boolean } | undefined {
  if (/^\d{1,15}$/.test(lengths)) return { bytes: Number(lengths), isPlain: true }
  const elements = elementsOf(lengths)
  if (!elements.every((each) => /^\+?\d+$/.test(each))) return undefined
  return { bytes: Number(elements.at(-1)), isPlain: elements.every((each) => each === elements[0]) }
}

function keepForMs({ isOld }: AnswerHead, connection: string[] = [], hint?: string): number {
  if (connection.includes('close') || (isOld && !connection.includes('keep-alive'))) return 0
  if (hint === undefined) return IDLE_MS
  if (/\bmax\s*=\s*0*\b(?!\d)/i.test(hint)) return 0
  const seconds = /\btimeout\s*=\s*"?(\d+)/i.exec(hint)?.[1]
  if (seconds === undefined) return IDLE_MS
  return Math.min(IDLE_MAX_MS, Math.max(0, Number(seconds) * 1_000 - IDLE_MARGIN_MS))
}
