import type { Writable } from 'node:stream'

/** What waits for the reader of the log, at most. Lines beyond this length, in characters, are dropped and counted. */
const WAITING_MAX = 2 ** 20

/** Standard output as the log uses it: a write never waits, and a reader that is slow or gone disturbs nothing else. */
export interface LogOutput {
  /** @param line with its line feed */
  write(line: string): void
  /** Resolves when the reader has taken every line, at the latest after this time. */
  drain(withinMs: number): Promise<void>
}

/**
 * Writes lines to a pipe, a file or a socket.
 *
 * While the reader does not read, lines wait in memory up to a limit; a line then says how many were dropped. After the reader
 * has closed its end (EPIPE), every line is dropped.
 *
 * @param stream process.stdout: Node.js makes pipes non-blocking, so its `write` returns at once
 */
export function logOutput(stream: Writable): LogOutput {
  let isBroken = false
  let dropped = 0
  let lines: string[] = []
  let waiting = 0
  // Without a listener, the error of a broken pipe would end the process.
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') isBroken = true
  })
  const flush = () => {
    if (lines.length > 0 && !isBroken) stream.write(lines.join(''))
    lines = []
    waiting = 0
  }
  process.once('exit', flush)
  return {
    write(line) {
      if (isBroken) return
      if (waiting + stream.writableLength > WAITING_MAX) {
        dropped += 1
        return
      }
      const text = dropped === 0 ? line : `${droppedLine(dropped)}${line}`
      dropped = 0
      // The lines of one turn of the event loop are one system call.
      if (lines.push(text) === 1) setImmediate(flush)
      waiting += text.length
    },
    async drain(withinMs) {
      flush()
      if (isBroken || stream.writableLength === 0) return
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, withinMs)
        stream.write('', () => {
          clearTimeout(late)
          resolve()
        })
      })
    },
  }
}

/** A warning in the form of pino's lines. */
const droppedLine = (dropped: number) =>
  `${JSON.stringify({ level: 40, time: new Date().toISOString(), dropped, msg: 'the log was not read: lines were dropped' })}\n`
