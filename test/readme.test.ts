import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { variables } from '../src/config/variables'
import { restRoutes } from './support/rest-routes'

const ROOT = join(__dirname, '..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const { scripts, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

/** The default of every variable as the table of the configuration gives it. */
function documentedDefaults(): Map<string, string> {
  const section = README.split('\n## Configuration\n')[1]?.split('\n### ')[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  return new Map(
    rows.flatMap((row) => {
      const [, names = '', defaults = ''] = row.split('|').map((cell) => cell.trim())
      const variables = names.split(', ').map((name) => name.replaceAll('`', ''))
      const values = variables.length > 1 && defaults.includes(', ') ? defaults.split(', ') : []
      return variables.map((name, place): [string, string] => [name, values[place] ?? defaults])
    }),
  )
}

/** A default as an operator would write it. */
function written(value: unknown): string {
  if (value === undefined) return ''
  if (Array.isArray(value) && value.length === 0) return 'none'
  return `\`${value}\``
}

/** A default of the table without its explanation. */
function expectedText(name: string): string {
  const [development, production] = [false, true].map((isProduction) => {
    const specs: Record<string, { default?: unknown }> = variables(isProduction)
    return written(specs[name]?.default)
  })
  return production === development ? `${development}` : `${development}; production: ${production}`
}

describe('the configuration in the README', () => {
  const documented = documentedDefaults()

  it('names every variable and no other', () => {
    expect([...documented.keys()].sort()).toEqual(Object.keys(variables(false)).sort())
  })

  it.each(Object.keys(variables(false)))('gives the default of %s', (name) => {
    const text = documented.get(name) ?? ''
    expect(/^(unset|made in development)/.test(text) ? '' : text).toBe(expectedText(name))
  })
})

describe('the README', () => {
  it('links to files that exist', () => {
    const links = [...README.matchAll(/\]\(((?!http)[^)]+)\)/g)].map(([, file = '']) => file)
    expect(links.length).toBeGreaterThan(5)
    for (const link of links) {
      const [file = ''] = link.split('#')
      expect([link, existsSync(join(ROOT, file))]).toEqual([link, true])
    }
  })

  it('names scripts that exist', () => {
    const names = [...README.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name)
    for (const name of names) expect(scripts).toHaveProperty([name])
  })

  it('names every route of the REST API and no other', async () => {
    const routes = [...README.matchAll(/^\| `([A-Z]+) \/api\/v2\/webhook\/(.+?)\/`/gm)].map(
      ([, method, path = '']) => `${method} ${path.replace('{id}', ':id')}`,
    )
    expect(routes.sort()).toEqual((await restRoutes()).sort())
  })

  it('names the oldest version of Node.js that package.json allows', () => {
    expect(README).toContain(`Node.js, version ${engines.node.replace('>=', '')} or newer`)
  })
})
