import { type Logger, pino } from 'pino'

/** A logger that appends each warning and error to a list, with the error's stack. */
export function warningLog(warnings: string[]): Logger {
  const write = (line: string) => {
    const { msg, err } = JSON.parse(line)
    warnings.push(`${msg}: ${err?.stack}`)
  }
  return pino({ level: 'warn' }, { write })
}
