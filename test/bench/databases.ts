import { Client } from 'pg'
import type { Teardown } from './teardown'

/** Makes the names of this run's databases different. */
let count = 0

/** Creates databases on one server. The teardown drops them all. */
export class Databases {
  constructor(
    private readonly server: string,
    private readonly teardown: Teardown,
  ) {}

  /**
   * Creates a database and returns its URL.
   *
   * @param template URL of a database to copy; it must have no connections
   */
  async create(template?: string): Promise<string> {
    count += 1
    const name = `hookgate_bench_${process.pid}_${count}`
    const copied = template === undefined ? '' : ` TEMPLATE ${nameOf(template)}`
    this.teardown.add(() => this.dropByName(name))
    await query(this.server, `CREATE DATABASE ${name}${copied}`)
    const url = new URL(this.server)
    url.pathname = `/${name}`
    return url.href
  }

  async drop(database: string): Promise<void> {
    await this.dropByName(nameOf(database))
  }

  /** The same server, with a teardown of its own. */
  withTeardown(teardown: Teardown): Databases {
    return new Databases(this.server, teardown)
  }

  /** The server's version, such as 15.4. */
  async version(): Promise<string> {
    const [row] = await query<{ server_version: string }>(this.server, 'SHOW server_version')
    return row?.server_version.split(' ')[0] ?? 'unknown'
  }

  private async dropByName(name: string): Promise<void> {
    await query(this.server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }
}

const nameOf = (database: string) => new URL(database).pathname.slice(1)

/** Runs statements on a connection of their own and returns the rows of the last one. */
export async function query<Row>(database: string, text: string, values?: unknown[]): Promise<Row[]> {
  return connected(database, async (client) => {
    const result = await client.query(text, values)
    const last = Array.isArray(result) ? result.at(-1) : result
    return last.rows
  })
}

/** Lends a connection, for repeated statements: a new connection costs the server several milliseconds of a core. */
export async function connected<Result>(
  database: string,
  act: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ connectionString: database, application_name: 'hookgate bench' })
  await client.connect()
  try {
    return await act(client)
  } finally {
    await client.end()
  }
}
