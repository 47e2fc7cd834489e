import { type Logger, pino } from 'pino'
import type { Config } from './config/config'

/** Writes JSON lines to standard output; readable lines on a terminal in development. */
export function createLog({ production, logLevel }: Config): Logger {
  const isReadable = !production && process.stdout.isTTY
  return pino({
    level: logLevel,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    transport: isReadable ? { target: 'pino-pretty', options: { translateTime: 'HH:MM:ss.l' } } : undefined,
  })
}
