/**
 * The message of PostgreSQL, or of the connection to it, inside an error of Prisma: Prisma's own message repeats the place in the
 * code and the statement over several lines.
 */
export function databaseMessage(error: unknown): string {
  const { message, cause, meta } = error as {
    message?: string
    cause?: unknown
    meta?: { driverAdapterError?: unknown }
  }
  const inner = meta?.driverAdapterError ?? cause
  const { originalMessage } = (inner ?? {}) as { originalMessage?: string }
  if (originalMessage !== undefined) return originalMessage
  if (typeof inner === 'object' && inner !== null) return databaseMessage(inner)
  return message?.trim().split('\n').at(-1) ?? String(error)
}
