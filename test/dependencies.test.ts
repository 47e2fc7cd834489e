import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const read = (file: string) => readFileSync(join(__dirname, '..', file), 'utf8')

const PACKAGE: Record<'dependencies' | 'devDependencies' | 'overrides', Record<string, unknown>> = JSON.parse(
  read('package.json'),
)

/** The rows of the table below a heading, as the texts of their cells. */
function tableOf(heading: string): string[][] {
  const section = read('docs/dependencies.md').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| '))
  return rows.slice(1).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const namesIn = (rows: string[][]) => rows.map(([name = '']) => /^`([^`]+)`/.exec(name)?.[1] ?? name)

describe('docs/dependencies.md', () => {
  it.each([
    ['At run time', 'dependencies'],
    ['To build and test', 'devDependencies'],
  ] as const)('has a row for every package: %s', (heading, field) => {
    const rows = tableOf(heading)
    expect(namesIn(rows).sort()).toEqual(Object.keys(PACKAGE[field]).sort())
    for (const cells of rows) expect(cells).toHaveLength(4)
  })

  it('gives a reason for every override', () => {
    const names = Object.keys(PACKAGE.overrides).map((name) => name.replace(/(?<!^)@.*/, ''))
    const rows = tableOf('Overrides')
    expect(namesIn(rows).sort()).toEqual(names.sort())
    for (const [, reason] of rows) expect(reason).not.toBe('')
  })

  it('names versions that are those of package.json', () => {
    const versions = { ...PACKAGE.dependencies, ...PACKAGE.devDependencies }
    for (const [cell = ''] of tableOf('By one author, or not yet released')) {
      for (const [, name = '', version = ''] of cell.matchAll(/`([^`]+)` (\d[\w.-]*)/g)) {
        expect(`${name} ${versions[name]}`).toContain(`${name} ${version.replace(/\.$/, '')}`)
      }
    }
  })
})
