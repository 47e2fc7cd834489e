import type { FastifyRequest } from 'fastify'
import { INTEGER_MAX } from '../../identifiers'

type Headers = FastifyRequest['headers']

/** A version that no endpoint has: a change that expects it is always a conflict. */
const NO_VERSION = 0

/** The strong entity tag of a version. */
export const etagOf = (version: number) => `"${version}"`

/**
 * A tag of ours, strong or weak, alone or with a suffix for a content coding. A proxy that compresses a response changes its
 * tag: nginx and Cloudflare make it weak, Apache and Caddy make it `"3-gzip"`, `"3-br"` or `"3-zstd"`, Jetty `"3--gzip"`, and
 * some write `"3;gzip"` or put the suffix behind the closing quote.
 */
const TAG = /^(?:W\/)?"([1-9]\d{0,9})(?:[-;:]+[A-Za-z][\w-]*"|"(?:[-;:]+[A-Za-z][\w-]*)?)$/

/**
 * The versions that `If-Match` accepts. RFC 9110 (section 13.1.1) lets a weak tag match nothing, because the bytes may differ.
 * Our tags name a version and not bytes, and without this rule a change through a proxy that compresses always fails. Tags of
 * other servers and malformed tags match no version.
 *
 * @returns undefined = any version, because the header is missing or `*`
 */
export function acceptedVersions({ 'if-match': header }: Headers): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  const versions = versionsOf(header)
  return versions.length > 0 ? versions : [NO_VERSION]
}

/** Whether the caller already has this version (`If-None-Match`: RFC 9110, section 13.1.2). */
export function isFresh({ 'if-none-match': header }: Headers, version: number): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || versionsOf(header).includes(version)
}

function versionsOf(header: string): number[] {
  return header.split(',').flatMap((tag) => {
    const version = Number(TAG.exec(tag.trim())?.[1] ?? NO_VERSION)
    return version >= 1 && version <= INTEGER_MAX ? version : []
  })
}
