import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { packageFolder } from '../../package-folder'

/** A SQL function, defined in a file of its own beside its TypeScript caller: `update-endpoint.sql` defines update_endpoint. */
export interface SqlFunction {
  name: string
  /** `CREATE OR REPLACE FUNCTION ...`, and further statements about the function */
  text: string
  /** false = only other programs call the function: its name starts with hookgate_, and each role that may needs a grant */
  isCalledHere: boolean
  /** SHA-256 of the text, in hex */
  digest: string
}

/** Every SQL function of this version, from each `*.sql` file below src/. */
export function readFunctions(folder = join(packageFolder, 'src')): SqlFunction[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.sql'),
  )
  return files.sort().map((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const name = basename(file, '.sql').replaceAll('-', '_')
    if (!text.includes(`\nCREATE OR REPLACE FUNCTION ${name}(`)) {
      throw new Error(`src/${file} must define the function ${name} by CREATE OR REPLACE FUNCTION`)
    }
    const isCalledHere = !name.startsWith('hookgate_')
    return { name, text, isCalledHere, digest: createHash('sha256').update(text).digest('hex') }
  })
}

/**
 * One script that installs functions and notes their digests, to be sent to PostgreSQL whole: PostgreSQL runs it as one
 * transaction.
 *
 * Function bodies are not checked while they are created, because functions call each other and the files have no order.
 *
 * A function that works with the rights of its owner looks for every name in the schema of the installation, behind pg_catalog and
 * before temporary tables, so that no caller can put something else under that name (`SET search_path FROM CURRENT`). Replacing a
 * function keeps who was granted it.
 */
export function installScript(functions: SqlFunction[]): string {
  const notes = functions.map(({ name, digest }) => `('${name}', '${digest}')`)
  return [
    'SET LOCAL check_function_bodies = off;',
    "SELECT set_config('search_path', format('%I, pg_temp', current_schema()), true);",
    ...functions.map(({ text }) => text),
    `INSERT INTO installed_functions (name, digest) VALUES ${notes.join(', ')}`,
    'ON CONFLICT (name) DO UPDATE SET digest = excluded.digest;',
  ].join('\n')
}
