import type { IncomingHttpHeaders } from 'node:http'

/** No endpoint ever has this version: what expects it is always refused. */
const NEVER = 0

/** The strong entity tag of a version. */
export const etagOf = (version: number) => `"${version}"`

/**
 * The versions that `If-Match` accepts (RFC 9110, section 13.1.1): undefined = any, as with no header or `*`. Weak
 * tags, foreign tags and garbage match nothing.
 */
export function acceptedVersions({ 'if-match': header }: IncomingHttpHeaders): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  const versions = tagsOf(header).flatMap((tag) => {
    const version = Number(/^"([1-9]\d{0,9})"$/.exec(tag)?.[1] ?? NEVER)
    return version >= 1 && version <= 2_147_483_647 ? version : []
  })
  return versions.length > 0 ? versions : [NEVER]
}

/** Whether a caller already has this version (`If-None-Match`, weak comparison: RFC 9110, section 13.1.2). */
export function isFresh({ 'if-none-match': header }: IncomingHttpHeaders, version: number): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || tagsOf(header).some((tag) => tag.replace(/^W\//, '') === etagOf(version))
}

const tagsOf = (header: string) => header.split(',').map((tag) => tag.trim())
