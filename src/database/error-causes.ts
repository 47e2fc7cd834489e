const DEPTH_MAX = 5

/** Whether an error or one of its causes is like this. Drivers and Prisma wrap errors in several ways. */
export function hasCause(error: unknown, isLike: (error: object) => boolean, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > DEPTH_MAX) return false
  if (isLike(error)) return true
  const { cause, meta } = error as { cause?: unknown; meta?: { driverAdapterError?: unknown } }
  return [cause, meta?.driverAdapterError].some((inner) => hasCause(inner, isLike, depth + 1))
}
