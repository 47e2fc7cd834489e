import { endpointNotFound, throwProblems } from '../failure'
import type { PrismaClient } from '../generated/prisma/client'
import { parseEndpointId } from '../identifiers'
import type { Keyring } from './keyring'
import { newSecretRow } from './new-secret'
import { RevealPassword } from './reveal-password'

/** The longest time that a replaced secret stays live beside the new one, in seconds: 7 days. */
export const OVERLAP_MAX = 604_800
/** How many secrets of an endpoint are live at the same time, the newest included. */
export const LIVE_SECRETS_MAX = 5

/** A signing secret in plain text. */
export interface RevealedSecret {
  /** `whsec_...` */
  signingSecret: string
  createdAt: Date
  /** until when the secret before still signs; null = it does not */
  overlapUntil: Date | null
}

interface StoredSecret {
  id: string
  /** base64 */
  sealed: string
  createdAt: Date
  expiresAt: Date | null
}

/** Reveals and expires the signing secrets of endpoints. */
export class SigningSecrets {
  private readonly password: RevealPassword | undefined

  /**
   * @param options.revealPasswordHash scrypt or argon2; undefined = callers who may reveal need no password
   * @param options.now milliseconds of a clock that never goes back
   * @throws Error when the hash is malformed
   */
  constructor(
    private readonly prisma: PrismaClient,
    private readonly keyring: Keyring,
    {
      revealPasswordHash,
      now = () => performance.now(),
    }: {
      revealPasswordHash: string | undefined
      now?: () => number
    },
  ) {
    if (revealPasswordHash !== undefined) this.password = new RevealPassword(revealPasswordHash, now)
  }

  /**
   * The newest live secret. The password is checked first, so a caller without it does not
   * learn whether the endpoint exists.
   *
   * @param caller.subject the claim `sub`; wrong passwords are counted for each subject
   * @throws Failure `forbidden`, `rate_limited` (with `retryAfter`, seconds), `not_found`
   */
  async reveal(
    endpointId: string,
    { subject, password }: { subject: string; password?: string | null },
  ): Promise<RevealedSecret> {
    await this.password?.check(subject, password)
    const number = parseEndpointId(endpointId)
    if (number === undefined) throw endpointNotFound(endpointId)
    const [newest, before] = await this.prisma.$queryRaw<StoredSecret[]>`
      SELECT secret.id, encode(secret.sealed, 'base64') AS sealed, secret.created_at AS "createdAt", secret.expires_at AS "expiresAt"
      FROM endpoints endpoint
      CROSS JOIN LATERAL live_secrets(endpoint.id, clock_timestamp()) secret
      WHERE endpoint.id = ${number} AND endpoint.deleted_at IS NULL
      LIMIT 2`
    // Every endpoint has a secret that does not expire, so a missing row means a missing endpoint.
    if (newest === undefined) throw endpointNotFound(endpointId)
    return {
      signingSecret: this.keyring.open(Buffer.from(newest.sealed, 'base64'), newest.id),
      createdAt: newest.createdAt,
      overlapUntil: before?.expiresAt ?? null,
    }
  }

  /**
   * Ends the live secrets of an endpoint after the overlap, and makes a new secret, which is live at once. A secret that
   * already has an earlier end keeps that end. Of more than `LIVE_SECRETS_MAX` live secrets the oldest expire at once.
   * Secrets that expired more than a day ago are removed.
   *
   * Invariant: exactly one secret of an endpoint has no end, and it is the newest. Each statement sees everything committed
   * before it started (READ COMMITTED), so read after the lock.
   *
   * Once this call has resolved, workers write no request that is signed by a secret that this call has expired: a claim and a
   * permit check hold the endpoint FOR SHARE from reading its live secrets until their requests are written. A test send holds no
   * lock. A test send that started before may therefore still be signed by such a secret; one that starts later is not.
   *
   * @param overlapSeconds 0 (the default) to `OVERLAP_MAX`
   * @throws Failure `validation_failed`, `not_found`
   */
  async expire(endpointId: string, overlapSeconds?: number | null): Promise<void> {
    const overlap = overlapSeconds ?? 0
    checkOverlap(overlap)
    const number = parseEndpointId(endpointId)
    if (number === undefined) throw endpointNotFound(endpointId)
    const { id, sealed } = newSecretRow(this.keyring)
    // Milliseconds are stored. The clock is truncated, not rounded, so that a secret that ends now has expired at once. A new
    // secret is the newest even if the clock went back.
    const [, inserted] = await this.prisma.$transaction([
      this.prisma.$queryRaw`SELECT id FROM endpoints WHERE id = ${number} FOR NO KEY UPDATE`,
      this.prisma.$executeRaw`
        WITH clock AS MATERIALIZED (
          SELECT date_trunc('milliseconds', clock_timestamp()) AS now
        ),
        endpoint AS (
          SELECT id FROM endpoints WHERE id = ${number} AND deleted_at IS NULL
        ),
        stored AS MATERIALIZED (
          SELECT secret.id, secret.created_at, secret.expires_at
          FROM endpoint JOIN signing_secrets secret ON secret.endpoint_id = endpoint.id
        ),
        live AS (
          SELECT secret.id, row_number() OVER (ORDER BY secret.created_at DESC, secret.id) AS rank
          FROM clock CROSS JOIN endpoint CROSS JOIN LATERAL live_secrets(endpoint.id, clock.now) secret
        ),
        expired AS (
          UPDATE signing_secrets secret
          SET expires_at = CASE
            WHEN live.rank >= ${LIVE_SECRETS_MAX} THEN clock.now
            ELSE least(secret.expires_at, clock.now + make_interval(secs => ${overlap}::float8))
          END
          FROM live, clock WHERE secret.id = live.id
        ),
        removed AS (
          DELETE FROM signing_secrets secret
          USING stored, clock
          WHERE secret.id = stored.id AND stored.expires_at < clock.now - interval '1 day'
        )
        INSERT INTO signing_secrets (id, endpoint_id, sealed, created_at)
        SELECT ${id}::uuid, endpoint.id, ${sealed}::bytea,
          greatest(clock.now, (SELECT max(created_at) + interval '1 millisecond' FROM stored))
        FROM endpoint, clock`,
    ])
    if (inserted === 0) throw endpointNotFound(endpointId)
  }
}

function checkOverlap(overlap: number): void {
  if (Number.isInteger(overlap) && overlap >= 0 && overlap <= OVERLAP_MAX) return
  const message = `overlapSeconds must be between 0 and ${OVERLAP_MAX}.`
  throwProblems([{ path: ['overlapSeconds'], code: 'OUT_OF_RANGE', message }])
}
