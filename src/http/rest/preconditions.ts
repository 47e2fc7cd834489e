import type { FastifyRequest } from 'fastify'
import { INTEGER_MAX } from '../../identifiers'

type Headers = FastifyRequest['headers']

/** A version that no endpoint has: a change that expects it is always a conflict. */
const NO_VERSION = 0

/** The strong entity tag of a version. */
export const etagOf = (version: number) => `"${version}"`

/**
 * The versions that `If-Match` accepts (RFC 9110, section 13.1.1). Weak tags, tags of other servers and malformed tags
 * match no version.
 *
 * @returns undefined = any version, because the header is missing or `*`
 */
export function acceptedVersions({ 'if-match': header }: Headers): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  const versions = tagsOf(header).flatMap((tag) => {
    const version = Number(/^"([1-9]\d{0,9})"$/.exec(tag)?.[1] ?? NO_VERSION)
    return version >= 1 && version <= INTEGER_MAX ? version : []
  })
  return versions.length > 0 ? versions : [NO_VERSION]
}

/** Whether the caller already has this version (`If-None-Match`, weak comparison: RFC 9110, section 13.1.2). */
export function isFresh({ 'if-none-match': header }: Headers, version: number): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || tagsOf(header).some((tag) => tag.replace(/^W\//, '') === etagOf(version))
}

const tagsOf = (header: string) => header.split(',').map((tag) => tag.trim())
