import { type Logger, pino } from 'pino'
import type { Config } from './config/config'
import type { LogOutput } from './log-output'

/** Writes JSON lines to the output; readable lines on a terminal in development. */
export function createLog({ production, logLevel }: Config, output: LogOutput): Logger {
  const options = { level: logLevel, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }
  const isReadable = !production && process.stdout.isTTY
  return isReadable
    ? pino({ ...options, transport: { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss.l' } } })
    : pino(options, output)
}
