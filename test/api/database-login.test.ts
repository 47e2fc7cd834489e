import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../support/commands'
import { type PrivatePostgres, startPrivatePostgres } from '../support/private-postgres'
import { privateServerOnly } from '../support/server-only'
import { onServer } from '../support/template'

/** The role postgres needs no password, and others may not use the database `closed`. */
const HBA = `
local all all trust
host all postgres 127.0.0.1/32 trust
host closed all 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
`
const PASSWORD = 'hush/hush#1'

describe('A start that the database server does not let in says in one sentence what to do:', () => {
  let server: PrivatePostgres

  const startServer = async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hookgate-postgres-'))
    writeFileSync(join(folder, 'hba.conf'), HBA)
    server = await startPrivatePostgres({ folder, settings: { hba_file: join(folder, 'hba.conf') } })
    await onServer(server.url, `CREATE ROLE someone LOGIN PASSWORD '${PASSWORD}'`)
    await onServer(server.url, 'CREATE DATABASE closed')
  }

  const errorOf = async (change: (url: URL) => void) => {
    const url = new URL(server.url)
    url.username = 'someone'
    url.password = encodeURIComponent(PASSWORD)
    change(url)
    const { code, stdout, stderr } = await runCommand('serve', { DATABASE_URL: url.href })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^hookgate: [^\n]+127\.0\.0\.1:\d+ [^\n]+ \(DATABASE_URL\)\.\n$/)
    expect(stderr).not.toMatch(/hush|wrong/)
    return stderr
  }

  privateServerOnly('with a wrong password, no password, an unknown role or database', async () => {
    await startServer()
    expect(
      await errorOf((url) => {
        url.password = 'wrong'
      }),
    ).toMatch(
      /refuses the password of the role someone, or has no such role \(password authentication failed .+\): check it/,
    )
    expect(
      await errorOf((url) => {
        url.password = ''
      }),
    ).toMatch(/requires the password of the role someone: add it/)
    expect(
      await errorOf((url) => {
        url.username = 'nobody-here'
      }),
    ).toMatch(
      /the role "nobody-here", or has no such role .+ `CREATE ROLE "nobody-here" LOGIN PASSWORD '...'`/,
    )
    expect(
      await errorOf((url) => {
        url.pathname = '/missing'
      }),
    ).toMatch(
      /has no database missing: run `CREATE DATABASE missing OWNER someone ENCODING 'UTF8' TEMPLATE template0` as a superuser/,
    )
    expect(
      await errorOf((url) => {
        url.pathname = '/closed'
      }),
    ).toMatch(/pg_hba.conf rejects connection for host "127.0.0.1", user "someone", database "closed"/)
    await onServer(server.url, `ALTER ROLE someone CONNECTION LIMIT 0`)
    expect(await errorOf(() => undefined)).toMatch(
      /has no connection left \(too many connections for role "someone"\)/,
    )
  })
})
