import { execFileSync } from 'node:child_process'
import { mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'

/** The command line as it is shipped. */
export const MAIN = join(__dirname, '../../dist/bundle/hookgate.js')

/**
 * V8 compiles WebAssembly once more, with optimization, while the embedded database runs: more than half of the CPU time
 * of a start (2.6 s, without it 1.2 s), and most tests end before it pays off.
 */
export const NODE_FLAGS = ['--liftoff-only']

/**
 * Parent of the data folders: in memory where there is room, for every one of some seventy is 39 MB of small files.
 */
export const DATA_PARENT = hasRoom('/dev/shm') ? '/dev/shm' : tmpdir()

function hasRoom(folder: string): boolean {
  const GIGABYTE = 2 ** 30
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize > 2 * GIGABYTE
  } catch {
    return false
  }
}

/** The migrated databases that the databases of tests are copied from. */
export interface Template {
  /** a data folder with an embedded database */
  folder: string
  /** a database on the server that TEST_DATABASE_URL names */
  database?: string
}

/**
 * Prepares one migrated database for the whole run: copying it is quicker than migrating a new one for every file. Each
 * project has this global setup; the first one creates the template for all.
 */
export default async function makeTemplate(): Promise<void> {
  if (process.env.HOOKGATE_TEST_TEMPLATE) return
  const folder = mkdtempSync(join(DATA_PARENT, 'hookgate-template-'))
  const server = process.env.TEST_DATABASE_URL
  const template: Template = { folder }
  if (server) {
    template.database = `hookgate_template_${process.pid}`
    await onServer(server, `CREATE DATABASE ${template.database}`)
    migrate({ DATABASE_URL: databaseUrl(server, template.database), HOOKGATE_DATA_DIR: folder })
  } else {
    migrate({ HOOKGATE_DATA_DIR: folder })
  }
  process.env.HOOKGATE_TEST_TEMPLATE = JSON.stringify(template)
}

export const readTemplate = (): Template => JSON.parse(process.env.HOOKGATE_TEST_TEMPLATE ?? '{}')

/** The environment of a gateway under test: that of this process, without the variables that configure a gateway. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const isGateways = (name: string) =>
    /^(HOOKGATE_|DATABASE_URL$|HOST$|PORT$|NODE_ENV$|LOG_LEVEL$)/.test(name)
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isGateways(name)))
}

/** Runs one statement on the server's own database. */
export async function onServer(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

export function databaseUrl(server: string, database: string): string {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}

function migrate(env: Record<string, string>): void {
  execFileSync(process.execPath, [...NODE_FLAGS, MAIN, 'migrate'], { env: { ...cleanEnvironment(), ...env } })
}
