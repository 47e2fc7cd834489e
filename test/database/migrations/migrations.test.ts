import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DIST } from '../../support/child'

const ROOT = join(DIST, '..')

/** The built program with migrations of its own: what `npm run migration` writes, it writes there. */
describe('the migrations', () => {
  let copy: string

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'hookgate-migrations-'))
    for (const part of ['dist', 'prisma', 'package.json'])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    // The SQL functions are files below src/.
    cpSync(join(ROOT, 'src'), join(copy, 'src'), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  })
  afterEach(() => rmSync(copy, { recursive: true }))

  const writeMigration = (name: string) =>
    execFileSync(process.execPath, ['dist/database/scripts/write-migration.js', name], {
      cwd: copy,
      encoding: 'utf8',
    })
  const migrations = () => readdirSync(join(copy, 'prisma/migrations')).sort()

  it('lead exactly to prisma/schema.prisma', () => {
    const before = migrations()
    const outcome = writeMigration('probe')
    const written = migrations().filter((name) => !before.includes(name))
    // What would be missing says more than the outcome does.
    const scripts = written.map((name) =>
      readFileSync(join(copy, 'prisma/migrations', name, 'migration.sql'), 'utf8'),
    )
    expect(scripts).toEqual([])
    expect(outcome).toContain('Nothing to write')
  })

  it('are missed when the schema has gone further', () => {
    appendFileSync(join(copy, 'prisma/schema.prisma'), '\nmodel Probe {\n  id Int @id\n}\n')
    expect(writeMigration('probe')).toMatch(/Wrote prisma\/migrations\/\d{14}_probe/)
    const [name = ''] = migrations().filter((migration) => migration.endsWith('_probe'))
    expect(readFileSync(join(copy, 'prisma/migrations', name, 'migration.sql'), 'utf8')).toContain(
      'CREATE TABLE "Probe"',
    )
  })

  it('are named by the moment, so that they apply in the order in which they were written', () => {
    const folders = readdirSync(join(ROOT, 'prisma/migrations'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    )
    expect(folders.length).toBeGreaterThan(0)
    for (const { name } of folders) expect(name).toMatch(/^\d{14}_[a-z0-9_]+$/)
  })
})
