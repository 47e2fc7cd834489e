import type { SigningSecretsCommands } from '../programs/signing-secrets'
import { createTestDatabase, type TestDatabase } from '../support/gateway'
import { type Program, startProgram } from '../support/program'

/** A stored secret, newest first; instants are milliseconds from the database's clock. */
interface Row {
  id: string
  createdAt: number
  expiresIn: number | null
}

/** `correct horse` */
const HASH = '$scrypt$ln=1,r=8,p=1$c2FsdCBvZiAxNiBieXRlcw$xaQ5ytYyjpJHrFDiJyjNaT8FBcwyPfrhzHLca2PMvhI'
const HOUR = 3_600
const NOT_FOUND = { failure: { kind: 'not_found', message: expect.stringContaining('no webhook endpoint') } }

let database: TestDatabase
let program: Program<SigningSecretsCommands>

const create = () => program.run('create')
const reveal = async (id: string) => (await program.run('reveal', id)).value?.signingSecret
const expire = (id: string, overlap?: number | null) => program.run('expire', id, overlap)
const sql = <Row>(statement: string) => program.run('sql', statement) as Promise<Row[]>

const rows = (id: string) =>
  sql<Row>(
    `SELECT id, extract(epoch FROM created_at)::float8 * 1000 AS "createdAt",
      extract(epoch FROM expires_at - clock_timestamp())::float8 * 1000 AS "expiresIn"
    FROM signing_secrets WHERE endpoint_id = ${id} ORDER BY created_at DESC, id`,
  )

const live = async (id: string) =>
  (await rows(id)).filter(({ expiresIn }) => expiresIn === null || expiresIn > 0)

/** The seconds that each live secret has left, newest first; null = no end. */
const secondsLeft = async (id: string) =>
  (await live(id)).map(({ expiresIn }) => expiresIn && Math.ceil(expiresIn / 1000 / 60) * 60)

beforeAll(async () => {
  database = await createTestDatabase()
  program = await startProgram('signing-secrets', { env: database.env, passwordHash: HASH })
})

afterAll(async () => {
  await program?.run('close')
  await program?.end()
  await database?.remove()
})

describe('revealing', () => {
  it('gives the secret of an endpoint, the same each time, another for each', async () => {
    const [one, other] = [await create(), await create()]
    const secret = await reveal(one)
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(await reveal(one)).toBe(secret)
    expect(await reveal(other)).not.toBe(secret)
  })

  it.each(['0', '-1', '2147483647', '99999999999', 'x', '', "1' OR '1"])(
    'reports that there is no endpoint %j',
    async (id) => {
      expect(await program.run('reveal', id)).toMatchObject(NOT_FOUND)
      expect(await expire(id)).toMatchObject(NOT_FOUND)
    },
  )

  it('and expiring do not find a deleted endpoint, even while its secrets are still stored', async () => {
    const id = await create()
    await sql(`UPDATE endpoints SET deleted_at = now(), is_active = false WHERE id = ${id} RETURNING id`)
    const before = (await rows(id)).map((row) => row.id)
    expect(await program.run('reveal', id)).toMatchObject(NOT_FOUND)
    expect(await expire(id)).toMatchObject(NOT_FOUND)
    expect((await rows(id)).map((row) => row.id)).toEqual(before)
    expect(await secondsLeft(id)).toEqual([null])
  })

  it('checks the password before it looks for the endpoint', async () => {
    const id = await create()
    const guarded = (endpoint: string, password?: string | null) =>
      program.run('revealGuarded', endpoint, password)
    expect(await guarded(id, 'correct horse')).toMatchObject({ value: { signingSecret: await reveal(id) } })
    expect(await guarded('999999', 'correct horse')).toMatchObject(NOT_FOUND)
    for (const endpoint of [id, '999999', 'x']) {
      for (const password of [undefined, null]) {
        expect((await guarded(endpoint, password)).failure?.kind).toBe('forbidden')
      }
    }
    // Wrong passwords count for all endpoints together: the fifth locks revealing for this minute.
    for (const endpoint of [id, '999999', 'x', id, '1']) {
      expect((await guarded(endpoint, 'wrong')).failure?.kind).toBe('forbidden')
    }
    const { failure } = await guarded(id, 'correct horse')
    expect(failure?.kind).toBe('rate_limited')
    expect(failure?.details.retryAfter).toBeGreaterThan(50)
    expect(failure?.details.retryAfter).toBeLessThanOrEqual(60)
  })
})

describe('expiring', () => {
  it('replaces the secret and ends the old one at once', async () => {
    const id = await create()
    const [first] = await rows(id)
    const secret = await reveal(id)
    expect(await expire(id)).toEqual({ value: undefined })
    expect(await reveal(id)).not.toBe(secret)
    const [second, ended] = await rows(id)
    expect(second?.expiresIn).toBeNull()
    expect(ended?.id).toBe(first?.id)
    expect(ended?.expiresIn).toBeLessThanOrEqual(0)
    for (const overlap of [0, null]) {
      await expire(id, overlap)
      expect(await secondsLeft(id)).toEqual([null])
    }
  })

  it('leaves the old one live for the overlap and reveals the new one', async () => {
    const id = await create()
    const secret = await reveal(id)
    expect((await program.run('reveal', id)).value?.overlapUntil).toBeNull()
    await expire(id, HOUR)
    expect(await secondsLeft(id)).toEqual([null, HOUR])
    const { value } = await program.run('reveal', id)
    expect(value?.signingSecret).not.toBe(secret)
    const overlapMs = Date.parse(`${value?.overlapUntil}`) - Date.parse(`${value?.createdAt}`)
    expect(Math.abs(overlapMs - 1000 * HOUR)).toBeLessThanOrEqual(1)
    await expire(id, 604_800)
    expect(await secondsLeft(id)).toEqual([null, 604_800, HOUR])
  })

  it('never extends the end of an old secret, and shortens it on request', async () => {
    const id = await create()
    await expire(id, 2 * HOUR)
    await expire(id, 3 * HOUR)
    expect(await secondsLeft(id)).toEqual([null, 3 * HOUR, 2 * HOUR])
    await expire(id, HOUR)
    expect(await secondsLeft(id)).toEqual([null, HOUR, HOUR, HOUR])
    await expire(id, 0)
    expect(await secondsLeft(id)).toEqual([null])
  })

  it('keeps at most 5 live and ends the oldest at once', async () => {
    const id = await create()
    for (const hours of [10, 9, 8, 7]) await expire(id, hours * HOUR)
    const before = await live(id)
    expect(before).toHaveLength(5)
    await expire(id, 6 * HOUR)
    const after = await live(id)
    expect(after.slice(1).map((row) => row.id)).toEqual(before.slice(0, 4).map((row) => row.id))
    expect(await secondsLeft(id)).toEqual([null, 6 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR])
  })

  it.each([-1, 604_801, 1.5, 1e12])(
    'refuses an overlap of %d s, before it looks for the endpoint',
    async (overlap) => {
      const id = await create()
      for (const endpoint of [id, '999999']) {
        const { failure } = await expire(endpoint, overlap)
        expect(failure?.kind).toBe('validation_failed')
        expect(failure?.details.problems).toMatchObject([{ path: ['overlapSeconds'], code: 'OUT_OF_RANGE' }])
      }
      expect(await rows(id)).toHaveLength(1)
    },
  )

  it.each([
    ['with an overlap', HOUR],
    ['without', 0],
  ])('by 20 at once leaves one secret without an end, %s', async (_case, overlap) => {
    const id = await create()
    const outcomes = await program.run('expireAtOnce', id, Array(20).fill(overlap))
    expect(outcomes).toEqual(Array(20).fill({ value: undefined }))
    const stored = await rows(id)
    expect(stored).toHaveLength(21)
    expect(stored.filter(({ expiresIn }) => expiresIn === null)).toEqual([stored[0]])
    expect(await secondsLeft(id)).toEqual(overlap ? [null, HOUR, HOUR, HOUR, HOUR] : [null])
    // All instants differ: the order of secrets is always certain.
    expect(new Set(stored.map(({ createdAt }) => createdAt)).size).toBe(21)
  })

  it('removes only secrets that ended more than a day ago', async () => {
    const [id, other] = [await create(), await create()]
    for (const endpoint of [id, other]) for (let nth = 0; nth < 3; nth++) await expire(endpoint)
    const [, recent, ...long] = await rows(id)
    for (const { id: secret } of long) {
      await sql(
        `UPDATE signing_secrets SET expires_at = now() - interval '25 hours' WHERE id = '${secret}' RETURNING id`,
      )
    }
    await expire(id)
    const left = (await rows(id)).map((row) => row.id)
    expect(left).toHaveLength(3)
    expect(left[2]).toBe(recent?.id)
    expect(await rows(other)).toHaveLength(4)
  })

  it("makes the new secret the newest even when the database's clock went back", async () => {
    const id = await create()
    await sql(
      `UPDATE signing_secrets SET created_at = now() + interval '1 hour' WHERE endpoint_id = ${id} RETURNING id`,
    )
    const secret = await reveal(id)
    await expire(id, HOUR)
    expect(await reveal(id)).not.toBe(secret)
    expect((await rows(id))[0]?.expiresIn).toBeNull()
  })

  it('stores secrets only sealed', async () => {
    const id = await create()
    await expire(id, HOUR)
    const sealed = await sql<{ text: string }>(
      `SELECT encode(sealed, 'escape') AS text FROM signing_secrets WHERE endpoint_id = ${id}`,
    )
    expect(sealed).toHaveLength(2)
    const secret = (await reveal(id)) ?? ''
    for (const { text } of sealed) {
      expect(text).not.toContain('whsec_')
      expect(text).not.toContain(secret.slice(6, 20))
    }
  })
})
