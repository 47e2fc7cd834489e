import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NODE_FLAGS } from '../../support/template'

const ROOT = join(__dirname, '../../..')

/** On a copy of the package: `npm run migration` writes into the copy. */
describe('the migrations', () => {
  let copy: string

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'hookgate-migrations-'))
    // The SQL functions are files below src/.
    for (const part of ['dist', 'prisma', 'src', 'package.json'])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  })
  afterEach(() => rmSync(copy, { recursive: true }))

  const writeMigration = (name: string) =>
    execFileSync(process.execPath, [...NODE_FLAGS, 'dist/database/scripts/write-migration.js', name], {
      cwd: copy,
      encoding: 'utf8',
    })
  const migrations = () => readdirSync(join(copy, 'prisma/migrations')).sort()

  it('lead exactly to prisma/schema.prisma', () => {
    const before = migrations()
    const outcome = writeMigration('probe')
    const written = migrations().filter((name) => !before.includes(name))
    // Checked first: the text of a missing migration says more than the output.
    const scripts = written.map((name) =>
      readFileSync(join(copy, 'prisma/migrations', name, 'migration.sql'), 'utf8'),
    )
    expect(scripts).toEqual([])
    expect(outcome).toContain('Nothing to write')
  })

  it('are reported as missing when the schema has changed', () => {
    appendFileSync(join(copy, 'prisma/schema.prisma'), '\nmodel Probe {\n  id Int @id\n}\n')
    expect(writeMigration('probe')).toMatch(/Wrote prisma\/migrations\/\d{14}_probe/)
    const [name = ''] = migrations().filter((migration) => migration.endsWith('_probe'))
    expect(readFileSync(join(copy, 'prisma/migrations', name, 'migration.sql'), 'utf8')).toContain(
      'CREATE TABLE "Probe"',
    )
  })
})

it('The folders of the migrations start with a time, so that migrations apply in the order in which they were written', () => {
  const folders = readdirSync(join(ROOT, 'prisma/migrations'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  expect(folders.length).toBeGreaterThan(0)
  for (const { name } of folders) expect(name).toMatch(/^\d{14}_[a-z0-9_]+$/)
})
