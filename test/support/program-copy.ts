import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './leftovers'
import { NODE_FLAGS } from './template'

const ROOT = join(__dirname, '../..')

/** Of src/, a program needs its SQL functions alone. */
const isProgram = (path: string) => !/\.(tsx?|map)$|generated|console/.test(path)

/** A copy of the built program, whose SQL a test may change. It is removed when the test file ends. */
export interface ProgramCopy {
  folder: string
  /** the arguments of node that run `hookgate COMMAND` of this copy */
  command(name: 'serve' | 'migrate'): string[]
  /** Changes a file of the copy, such as src/endpoints/update-endpoint.sql. */
  edit(file: string, change: (text: string) => string): void
  /** Adds a migration, as a later version has one. */
  addMigration(name: string, sql: string): void
  /** Removes every SQL function: the copy makes a database as `prisma migrate deploy` does, with tables alone. */
  removeFunctions(): void
}

export function copyProgram(): ProgramCopy {
  const folder = mkdtempSync(join(tmpdir(), 'hookgate-copy-'))
  atEnd(() => rmSync(folder, { recursive: true }))
  for (const part of ['dist/bundle', 'prisma', 'src', 'package.json']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter: isProgram })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return {
    folder,
    command: (name) => [process.execPath, ...NODE_FLAGS, join(folder, 'dist/bundle/hookgate.js'), name],
    edit(file, change) {
      const path = join(folder, file)
      const before = readFileSync(path, 'utf8')
      const after = change(before)
      if (after === before) throw new Error(`${file} was not changed`)
      writeFileSync(path, after)
    },
    addMigration(name, sql) {
      const path = join(folder, 'prisma/migrations', name)
      mkdirSync(path)
      writeFileSync(join(path, 'migration.sql'), sql)
    },
    removeFunctions() {
      const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
      for (const file of files) if (file.endsWith('.sql')) rmSync(join(folder, 'src', file))
    },
  }
}
