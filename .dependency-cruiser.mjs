/**
 * Which file may import which: the architecture of src/, checked by `npm run lint`. Each rule has a planted offence in
 * test/architecture.test.ts. What imports cannot show (decorators, process.env, calls of fetch) is checked there too.
 */

/**
 * The folders of src/ and the files that put them together. Each imports only what stands above it in this list, so no
 * two of them can import each other. A file directly in src/ that is not in the list imports no folder at all.
 */
const ORDER = [
  'generated',
  'samples',
  'database',
  'secrets',
  'auth',
  'command-line',
  'config',
  'log',
  'endpoints',
  'events',
  'retention',
  'delivery',
  'core',
  'schema',
  'http/rest',
  'http',
  'gateway',
  'main',
  'hookgate',
]

/** The folders that know nothing of HTTP, GraphQL and REST. */
const CORE = ['endpoints', 'events', 'secrets', 'delivery', 'retention', 'samples', 'database']

/** A regular expression for the paths of entries of `ORDER`. http/rest is a folder of its own, apart from http. */
const under = (names) => names.map((name) => `^src/${name}(/${name === 'http' ? '(?!rest/)' : ''}|[.]ts$)`)

/** A package, found in node_modules or not installed at all. */
const packages = (names) => `(^|/)node_modules/(${names})(/|$)|^(${names})(/|$)`

export default {
  forbidden: [
    ...ORDER.map((name, place) => ({
      name: 'folder-order',
      comment: 'A folder imports only folders above it in ORDER of .dependency-cruiser.mjs.',
      severity: 'error',
      from: { path: under([name]) },
      to: { path: under(ORDER.slice(place + 1)) },
    })).slice(0, -1),
    {
      name: 'folder-without-place',
      comment: 'A new folder of src/ needs a place in ORDER of .dependency-cruiser.mjs.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: [...under(ORDER), '^src/console/'] },
      to: {},
    },
    {
      name: 'root-file-without-place',
      comment: 'A file in src/ that imports a folder needs a place in ORDER of .dependency-cruiser.mjs.',
      severity: 'error',
      from: { path: '^src/[^/]+$', pathNot: under(ORDER) },
      to: { path: ['^src/[^/]+/', ...under(ORDER)] },
    },
    {
      name: 'no-circles',
      comment:
        'Files that import each other, directly or through others, cannot be understood one at a time.',
      severity: 'error',
      from: { pathNot: '^src/generated/' },
      to: { circular: true },
    },
    {
      name: 'core-without-api',
      comment: 'The core knows nothing of HTTP, GraphQL and REST.',
      severity: 'error',
      from: { path: under(CORE) },
      to: { path: '^src/(http|schema)/' },
    },
    {
      name: 'rest-through-schema',
      comment: 'A REST route runs a generated document through schema/execute, where access is decided.',
      severity: 'error',
      from: { path: '^src/http/rest/' },
      to: {
        path: '^src/',
        pathNot: ['^src/http/rest/', '^src/schema/execute[.]ts$', '^src/generated/graphql/', '^src/[^/]+$'],
      },
    },
    {
      name: 'requests-from-sending',
      comment:
        'Only delivery/sending sends HTTP requests: the address guard is there. (auth/key-set.ts fetches the keys of the ' +
        'identity provider by the global fetch, which test/support/architecture.ts checks.)',
      severity: 'error',
      from: { pathNot: '^src/delivery/sending/' },
      to: {
        path: [
          '^(node:)?(https?|http2)$',
          packages('undici|axios|got|node-fetch|ky|superagent|@whatwg-node/fetch'),
        ],
      },
    },
    {
      name: 'prisma-in-core',
      comment: 'Prisma stays in the core and in the files that build it.',
      severity: 'error',
      from: { pathNot: [...under([...CORE, 'core', 'gateway']), '^src/generated/prisma/'] },
      to: { path: ['^src/generated/prisma/', packages('@prisma|prisma|pglite-prisma-adapter')] },
    },
    {
      name: 'console-apart',
      comment: 'The pages are a program of their own: only the bundle of Vite holds them.',
      severity: 'error',
      from: { pathNot: '^src/console/' },
      to: { path: '^src/console/' },
    },
    {
      name: 'no-undeclared-packages',
      comment:
        'What src/ imports is a dependency in package.json, and no development dependency. Scripts run in the repository alone.',
      severity: 'error',
      from: { pathNot: '^src/database/scripts/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    // TypeScript 7 has no compiler API. Of the two other parsers, swc (here already for Jest) reads all of TypeScript's
    // import and export statements; acorn overlooks `export type { A } from`.
    parser: 'swc',
    // Imports of types count as well.
    tsPreCompilationDeps: true,
    // swc is called without JSX, so the pages are not parsed.
    doNotFollow: { path: ['node_modules', '^src/console/'] },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx'],
      conditionNames: ['require', 'node', 'types', 'default'],
    },
  },
}
