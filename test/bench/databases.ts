import { Client } from 'pg'
import type { Teardown } from './teardown'

/** The databases of one run, on one server. All are dropped at the end. */
export class Databases {
  private count = 0

  constructor(
    private readonly server: string,
    private readonly teardown: Teardown,
  ) {}

  /**
   * Creates a database and answers its URL.
   *
   * @param template URL of one to copy, which nobody may be connected to
   */
  async create(template?: string): Promise<string> {
    this.count += 1
    const name = `hookgate_bench_${process.pid}_${this.count}`
    const copied = template === undefined ? '' : ` TEMPLATE ${new URL(template).pathname.slice(1)}`
    this.teardown.add(() => this.dropByName(name))
    await this.onServer(`CREATE DATABASE ${name}${copied}`)
    const url = new URL(this.server)
    url.pathname = `/${name}`
    return url.href
  }

  async drop(database: string): Promise<void> {
    await this.dropByName(new URL(database).pathname.slice(1))
  }

  /** As PostgreSQL tells it, such as 15.4. */
  async version(): Promise<string> {
    const [row] = await query<{ server_version: string }>(this.server, 'SHOW server_version')
    return row?.server_version.split(' ')[0] ?? 'unknown'
  }

  private async dropByName(name: string): Promise<void> {
    await this.onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }

  private async onServer(statement: string): Promise<void> {
    await query(this.server, statement)
  }
}

/** Runs statements on a connection of their own and answers the rows of the last one. */
export async function query<Row>(database: string, text: string, values?: unknown[]): Promise<Row[]> {
  return connected(database, async (client) => {
    const result = await client.query(text, values)
    const last = Array.isArray(result) ? result.at(-1) : result
    return last.rows
  })
}

/** Lends a connection, for what asks again and again: a new one costs the server several milliseconds of a core. */
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
