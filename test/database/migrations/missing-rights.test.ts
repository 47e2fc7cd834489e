import { DatabaseProblem } from '../../../src/database/migrations/database-problem'
import { type Installation, refuseUnusable } from '../../../src/database/migrations/installation'
import { notChangeable, refuseMissingRights, sqlName } from '../../../src/database/migrations/missing-rights'

const INSTALLATION: Installation = {
  database: 'hooks',
  databaseOwner: 'postgres',
  encoding: 'UTF8',
  versionNumber: 140_000,
  version: '14.0',
  isReadOnly: false,
  role: 'serve',
  schema: 'public',
  schemaExists: true,
  schemaOwner: null,
  mayUseSchema: true,
  extensionSchema: 'public',
  mayUseExtension: true,
  tables: [{ name: 'installed_functions', owner: 'Owner', mayRead: true, lacks: [] }],
  closedSequences: [],
  closedFunctions: [],
}

function problemOf(act: () => void): DatabaseProblem | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return error as DatabaseProblem
  }
}

describe('a database', () => {
  it('of the oldest version in UTF-8 with every right is usable', () => {
    expect(problemOf(() => refuseUnusable(INSTALLATION))).toBeUndefined()
    expect(problemOf(() => refuseMissingRights(INSTALLATION))).toBeUndefined()
  })

  it('on an older server is refused', () => {
    const problem = problemOf(() =>
      refuseUnusable({ ...INSTALLATION, versionNumber: 130_011, version: '13.11 (Debian)' }),
    )
    expect([problem?.problem, problem?.remedy]).toEqual([
      'is on PostgreSQL 13.11 (Debian)',
      'use a server of version 14 or newer',
    ])
  })

  it('that takes functions from PUBLIC needs statements for them, too', () => {
    const problem = problemOf(() =>
      refuseMissingRights({ ...INSTALLATION, schema: 'Hooks', closedFunctions: ['publish_event', 'is_due'] }),
    )
    expect(problem?.problem).toBe(
      'does not let the role serve read and write (it lacks EXECUTE on publish_event; EXECUTE on is_due)',
    )
    expect(problem?.remedy).toContain(
      'GRANT EXECUTE ON FUNCTION "Hooks".publish_event, "Hooks".is_due TO serve; ALTER DEFAULT PRIVILEGES',
    )
    expect(problem?.remedy).toMatch(/^run `GRANT [^`]+;` as "Owner"$/)
  })

  it('whose schema is installed names the owner of its tables, and else the owner of the schema', () => {
    expect(notChangeable(INSTALLATION, undefined).remedy).toBe(
      'run `hookgate migrate` as the owner of its tables, "Owner"',
    )
    expect(notChangeable({ ...INSTALLATION, tables: [] }, undefined).remedy).toMatch(
      /`GRANT USAGE, CREATE ON SCHEMA public TO serve` as the owner of the schema, postgres$/,
    )
  })
})

it.each([
  ['serve_1', 'serve_1'],
  ['Serve', '"Serve"'],
  ['web hooks', '"web hooks"'],
  ['a"b', '"a""b"'],
  ['1st', '"1st"'],
  ['user', '"user"'],
  ['users', 'users'],
])('the name %s is %s in SQL', (name, expected) => {
  expect(sqlName(name)).toBe(expected)
})
