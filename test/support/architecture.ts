import { posix } from 'node:path'

/** The sources of a tree by their paths below src/. */
export type Sources = Record<string, string>

interface Import {
  /** the file that imports */
  file: string
  /** what it names, as it names it */
  specifier: string
  /** where that is below src/, without its extension; undefined = a package */
  target: string | undefined
  isTypeOnly: boolean
  /** what stands between `import` and `from`; empty for `import 'x'`, undefined for `import('x')` and `require('x')` */
  clause: string | undefined
}

/** Rooms that know nothing of HTTP, GraphQL or REST, and the only ones that may use Prisma. */
const CORE = ['endpoints', 'events', 'secrets', 'delivery', 'retention', 'samples', 'database']

/** Every offence of a tree against the arrangement of its rooms, in a sentence each. */
export function offences(sources: Sources): string[] {
  const imports = Object.entries(sources).flatMap(([file, source]) => importsOf(file, source))
  const written = Object.entries(sources)
    .filter(([file]) => roomOf(file) !== 'generated')
    .map(([file, source]) => [file, code(source)] as const)
  return [
    ...circles(imports),
    ...imports.flatMap(misplacedImport),
    ...written.flatMap(([file, source]) => misplacedCode(file, source)),
    ...written.flatMap(([file]) => misnamed(file)),
  ]
}

/** A folder at the top of src/, or a file there; http/rest is a room of its own beside http. */
export function roomOf(path: string): string {
  if (path.startsWith('http/rest/')) return 'http/rest'
  return (path.split('/')[0] ?? '').replace(/\.[mc]?tsx?$/, '')
}

const STATIC = /^[ \t]*(?:import|export)\s+(type\s+)?([^'"`;()=]+?)\s*from\s*['"]([^'"]+)['"]/gm
const BARE = /^[ \t]*import\s*['"]([^'"]+)['"]/gm
const CALLED = /\b(?:import|require|require\.resolve)\s*\(\s*['"`]([^'"`]+)['"`]/g

export function importsOf(file: string, source: string): Import[] {
  const text = code(source)
  const found = (specifier = '', clause?: string, isTypeOnly = false): Import => ({
    file,
    specifier,
    target: specifier.startsWith('.')
      ? posix.join(posix.dirname(file), specifier).replace(/\.[mc]?[jt]sx?$/, '')
      : undefined,
    isTypeOnly,
    clause,
  })
  return [
    ...[...text.matchAll(STATIC)].map(([, type, clause, specifier]) =>
      found(specifier, clause, Boolean(type)),
    ),
    ...[...text.matchAll(BARE)].map(([, specifier]) => found(specifier, '')),
    ...[...text.matchAll(CALLED)].map(([, specifier]) => found(specifier)),
  ]
}

/** A source without its comments, as far as they stand on lines of their own. */
const code = (source: string) =>
  source.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, '').replace(/^[ \t]*\/\/.*$/gm, '')

/** Imports between rooms that lead back to where they come from, directly or through other rooms. */
function circles(imports: Import[]): string[] {
  const neighbours = new Map<string, Set<string>>()
  const between = imports.flatMap(({ file, target }) => {
    const [from, to] = [roomOf(file), target === undefined ? undefined : roomOf(target)]
    if (to === undefined || from === to) return []
    neighbours.set(from, (neighbours.get(from) ?? new Set()).add(to))
    return [{ file, target, from, to }]
  })
  return between.flatMap(({ file, target, from, to }) => {
    const way = wayBetween(to, from, neighbours)
    return way ? [`${file} imports ${target}: a circle, ${[from, ...way].join(' > ')}`] : []
  })
}

/** The shortest way from room to room along imports, both ends included. */
function wayBetween(from: string, to: string, neighbours: Map<string, Set<string>>): string[] | undefined {
  const ways = [[from]]
  const seen = new Set([from])
  for (const way of ways) {
    const last = way.at(-1) ?? ''
    if (last === to) return way
    for (const next of neighbours.get(last) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      ways.push([...way, next])
    }
  }
  return undefined
}

function misplacedImport(found: Import): string[] {
  const { file, specifier, target } = found
  const from = roomOf(file)
  const refuse = (reason: string) => [`${file} imports ${target ?? specifier}: ${reason}`]
  const to = target === undefined ? undefined : roomOf(target)
  if (from === 'generated' && to !== undefined && to !== 'generated')
    return refuse('generated code stands alone')
  if (CORE.includes(from) && ['http', 'http/rest', 'schema'].includes(to ?? '')) {
    return refuse('the core knows nothing of the doors')
  }
  if (from === 'http/rest' && target !== undefined && !isOpenToRest(target)) {
    return refuse("http/rest knows nothing but the schema's executor and generated documents")
  }
  if (from === 'generated') return []
  if (isPrisma(found) && !mayUsePrisma(from)) return refuse('Prisma stays in the core')
  if (isHttpClient(found) && !maySendHttp(file))
    return refuse('requests go out by delivery/sending/sender.ts')
  return []
}

const isOpenToRest = (target: string) =>
  roomOf(target) === 'http/rest' ||
  target === 'schema/execute' ||
  roomOf(target) === 'generated' ||
  !target.includes('/')

const isPrisma = ({ specifier, target }: Import) =>
  (target !== undefined && /^generated\/prisma(\/|$)/.test(target)) ||
  /^(@prisma\/|prisma$|pglite-prisma-adapter$)/.test(specifier)

const mayUsePrisma = (room: string) => CORE.includes(room) || room === 'gateway'

const HTTP_CLIENTS = /^(undici|axios|got|node-fetch|ky|superagent)(\/|$)/
const HTTP_MODULES = /^(node:)?(https?|http2)$/
const SENDS = /^(request|get|connect|Agent|globalAgent|ClientRequest)$/

function isHttpClient({ specifier, isTypeOnly, clause }: Import): boolean {
  if (isTypeOnly) return false
  if (HTTP_CLIENTS.test(specifier)) return true
  if (!HTTP_MODULES.test(specifier)) return false
  const names = /^\{([\s\S]*)\}$/.exec(clause ?? '')?.[1]
  if (names === undefined) return true
  return names.split(',').some((name) => SENDS.test(name.trim().split(/\s/)[0] ?? ''))
}

const maySendHttp = (file: string) => file === 'delivery/sending/sender.ts' || roomOf(file) === 'console'

function misplacedCode(file: string, source: string): string[] {
  const room = roomOf(file)
  const refused: [pattern: RegExp, isAllowed: boolean, reason: string][] = [
    [/^[ \t]*@\w+\s*\(/m, room === 'schema', 'decorators stay in schema/'],
    [/(?<![\w$])fetch\s*\(/, maySendHttp(file), 'requests go out by delivery/sending/sender.ts'],
    [
      /\bprocess\s*(\.|\?\.)\s*env\b|\bprocess\s*\[|\benv\b[^'"\n]*from\s*['"](node:)?process['"]/,
      room === 'gateway' || room === 'main',
      'the environment is read in gateway.ts and main.ts',
    ],
    [/\bprisma\s*\.|\$(queryRaw|executeRaw|transaction)/, mayUsePrisma(room), 'Prisma stays in the core'],
  ]
  return refused.flatMap(([pattern, isAllowed, reason]) => {
    const found = isAllowed ? null : pattern.exec(source)
    return found ? [`${file} says ${found[0].trim()}: ${reason}`] : []
  })
}

const KINDS_OF_CODE = ['utils', 'util', 'helpers', 'types', 'services', 'common', 'lib', 'shared', 'misc']

function misnamed(file: string): string[] {
  const folders = file.split('/').slice(0, -1)
  const kind = folders.find((folder) => KINDS_OF_CODE.includes(folder))
  return [
    ...(/(^|\/)index\.[mc]?tsx?$/.test(file) ? [`${file} is a barrel: import from where things are`] : []),
    ...(kind ? [`${file} is in a folder named ${kind}: a folder is a concept of the product`] : []),
  ]
}
