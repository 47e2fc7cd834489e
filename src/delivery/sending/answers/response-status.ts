import type { AttemptError } from '../../../generated/prisma/enums'

/** The class of a final status: null = success (2xx). A redirect (3xx) is never followed, so it is a failure. */
export function statusError(status: number): AttemptError | null {
  if (status >= 200 && status < 300) return null
  return status >= 300 && status < 400 ? 'REDIRECT' : 'HTTP_STATUS'
}

/** 410 Gone: the receiver wants no more requests at this URL. */
export const isGone = (status: number | null): boolean => status === 410
