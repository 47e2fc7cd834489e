import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { offences, type Sources } from './support/architecture'

const ROOT = join(__dirname, '..')

interface Cruise {
  modules: { source: string; dependencies: { resolved: string }[] }[]
  summary: { violations: { from: string; to: string; rule: { name: string }; cycle?: { name: string }[] }[] }
}

/** Runs dependency-cruiser with the rules of this repository on the src/ of a folder. */
function cruise(folder: string): Promise<Cruise> {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const options = ['--config', join(ROOT, '.dependency-cruiser.mjs'), '--output-type', 'json', 'src']
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, ...options],
      { cwd: folder, maxBuffer: 2 ** 26 },
      (_error, output, errors) => {
        try {
          resolve(JSON.parse(output))
        } catch {
          reject(new Error(errors || output))
        }
      },
    )
  })
}

/** Writes a tree of sources into a new folder that finds the packages of this repository. */
function writeTree(sources: Sources): string {
  const folder = mkdtempSync(join(tmpdir(), 'hookgate-architecture-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  symlinkSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  for (const [file, source] of Object.entries(sources)) {
    mkdirSync(join(folder, 'src', dirname(file)), { recursive: true })
    writeFileSync(join(folder, 'src', file), source)
  }
  return folder
}

function readTree(): Sources {
  const src = join(ROOT, 'src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.[mc]?tsx?$/.test(file),
  )
  return Object.fromEntries(
    files.map((file) => [file.replaceAll('\\', '/'), readFileSync(join(src, file), 'utf8')]),
  )
}

/** A tree with every folder and without an offence, but with code that resembles one. */
const ORDERLY: Sources = {
  'hookgate.ts': "void import('./main.js')",
  'main.ts': "import { a } from './gateway'\nprocess.env",
  'gateway.ts':
    "import { a } from './http/server'\nimport { b } from './schema/build'\nimport { c } from './core'\n" +
    "import { PrismaClient } from './generated/prisma/client'\nprisma.$queryRaw`SELECT 1`",
  'core.ts': "import { c } from './endpoints/endpoints'\nimport { d } from './delivery/worker'",
  'config.ts': "import { a } from './auth/token'\nimport { b } from './secrets/keyring'",
  'failure.ts': 'export const a = 1',
  'page-range.ts': "import { a } from './failure'",
  'auth/token.ts': "import { jwtVerify } from 'jose'\nimport { a } from '../failure'",
  'auth/key-set.ts': 'fetch(jwksUrl)',
  'http/server.ts': "import { routes } from './rest/routes'\nimport fastify from 'fastify'",
  'http/rest/routes.ts':
    "import { a } from '../../schema/execute'\nimport { b } from '../../generated/graphql/graphql'\n" +
    "import { c } from '../../failure'\nimport { d } from './page'\nimport { isIP } from 'node:net'",
  'http/rest/page.ts':
    '/** A client fetches links: fetch(next). */\nprefetch(1)\nconst process = { environment: 1 }',
  'schema/build.ts':
    "import { a } from '../endpoints/endpoints'\n@Resolver()\nclass A {\n  @Query(() => B)\n  b() {}\n}",
  'schema/execute.ts': "import { a } from '../failure'",
  'endpoints/endpoints.ts':
    "import type { PrismaClient } from '../generated/prisma/client'\nimport { a } from '../secrets/keyring'\n" +
    '/**\n * @throws Error(x)\n */\nprisma.endpoint',
  'secrets/keyring.ts': "import { createHash } from 'node:crypto'",
  'events/publish.ts': "import { a } from '../endpoints/endpoints'",
  'delivery/worker.ts': "import { a } from './sending/sender'\nimport { b } from '../events/publish'",
  'delivery/sending/sender.ts':
    "import { request } from 'undici'\nimport { get } from 'node:https'\nfetch('x')",
  'database/database.ts':
    "import { PrismaPg } from '@prisma/adapter-pg'\nimport('./embedded.js').then(start)",
  'database/embedded.ts': '',
  'generated/prisma/client.ts': "import * as a from './internal/class.js'\nprocess.env",
  'generated/prisma/internal/class.ts': "import type { A } from '../client.js'",
  'generated/graphql/graphql.ts': '',
  'generated/graphql/index.ts': "export * from './graphql'",
  'console/main.tsx':
    "import { a } from '../generated/graphql/graphql'\nimport './page.css'\nfetch('/graphql')\nexport const A = () => <p />",
}

/** An import in every form, each of which dependency-cruiser must see. */
const IMPORTS = [
  "import { a } from '../schema/build'",
  'import { a } from "../schema/build"',
  "import a from '../schema/build'",
  "import * as a from '../schema/build'",
  "import a, { b } from '../schema/build'",
  "import type { A } from '../schema/build'",
  "import { type A } from '../schema/build'",
  "import {\n  a,\n  b,\n} from '../schema/build'",
  "import '../schema/build'",
  "export * from '../schema/build'",
  "export { a } from '../schema/build'",
  "export type { A } from '../schema/build'",
  "const a = await import('../schema/build')",
  "const a = await import(\n  '../schema/build'\n)",
  'const a = await import(`../schema/build`)',
  "let a: import('../schema/build').A",
  "const a = require('../schema/build')",
  "import a = require('../schema/build')",
  "import { a } from '../schema/build.js'",
  "import { a } from '../schema/build.ts'",
  "const b = 1\nimport { a } from '../schema/build'",
]
const COMMENTS = [
  "// import { a } from '../schema/build'",
  "/** import { a } from '../schema/build' */",
  "/*\nimport { a } from '../schema/build'\n*/",
  "  // const a = require('../schema/build')",
]
const importFile = (place: number) => `delivery/import-${place}.ts`
const commentFile = (place: number) => `delivery/comment-${place}.ts`

/** What is wrong, the file that is wrong, its source, the rule that reports it. */
const PLANTED: [string, string, string, string][] = [
  ['two folders that import each other', 'endpoints/a.ts', "import '../events/publish'", 'folder-order'],
  [
    'two folders that import each other for types alone',
    'endpoints/b.ts',
    "import type { A } from '../events/publish'",
    'folder-order',
  ],
  ['a circle through a third folder', 'secrets/a.ts', "import '../events/publish'", 'folder-order'],
  ['a folder that imports what builds it', 'schema/a.ts', "import '../gateway'", 'folder-order'],
  ['http/rest and http in a circle', 'http/rest/a.ts', "import '../server'", 'folder-order'],
  ['generated code that imports ours', 'generated/a.ts', "import '../config'", 'folder-order'],
  ['a folder that nobody has placed', 'replay/a.ts', "import '../failure'", 'folder-without-place'],
  [
    'a shared file that imports a folder',
    'shared-a.ts',
    "import './events/publish'",
    'root-file-without-place',
  ],
  ['a shared file that imports the gateway', 'shared-b.ts', "import './gateway'", 'root-file-without-place'],
  ['two files that import each other', 'events/c.ts', "import './d'", 'no-circles'],
  [
    'two files that import each other, for types',
    'events/d.ts',
    "import type { C } from './c'",
    'no-circles',
  ],
  ['endpoints importing schema', 'endpoints/c.ts', "import '../schema/build'", 'core-without-api'],
  ['events importing http', 'events/a.ts', "import '../http/server'", 'core-without-api'],
  ['secrets importing http/rest', 'secrets/b.ts', "import '../http/rest/page'", 'core-without-api'],
  ['database importing schema', 'database/a.ts', "import '../schema/execute'", 'core-without-api'],
  ['delivery importing schema', 'delivery/a.ts', "await import('../schema/build')", 'core-without-api'],
  [
    'http/rest importing the core',
    'http/rest/b.ts',
    "import type { A } from '../../endpoints/endpoints'",
    'rest-through-schema',
  ],
  [
    'http/rest importing more of the schema',
    'http/rest/c.ts',
    "import '../../schema/build'",
    'rest-through-schema',
  ],
  [
    'http/rest importing Prisma',
    'http/rest/d.ts',
    "import '../../generated/prisma/client'",
    'rest-through-schema',
  ],
  [
    'node:http request',
    'http/a.ts',
    "import { createServer, request } from 'node:http'",
    'requests-from-sending',
  ],
  ['node:https get', 'http/b.ts', "import { get as load } from 'node:https'", 'requests-from-sending'],
  ['http as a whole', 'http/c.ts', "import http from 'http'", 'requests-from-sending'],
  ['https by require', 'http/d.ts', "const https = require('node:https')", 'requests-from-sending'],
  ['undici', 'delivery/b.ts', "import { Agent } from 'undici'", 'requests-from-sending'],
  ['axios', 'endpoints/d.ts', "import axios from 'axios'", 'requests-from-sending'],
  ['got', 'endpoints/e.ts', "await import('got')", 'requests-from-sending'],
  ['node-fetch', 'endpoints/f.ts', "import load from 'node-fetch'", 'requests-from-sending'],
  [
    'Prisma in schema',
    'schema/b.ts',
    "import type { A } from '../generated/prisma/client'",
    'prisma-in-core',
  ],
  ["Prisma's package in auth", 'auth/a.ts', "import '@prisma/client'", 'prisma-in-core'],
  ['the server importing a page', 'http/e.ts', "import '../console/main'", 'console-apart'],
  ['a development dependency', 'events/b.ts', "import Stripe from 'stripe'", 'no-undeclared-packages'],
]

describe('imports', () => {
  let real: Cruise
  let planted: Cruise
  let folder: string

  beforeAll(async () => {
    folder = writeTree({
      ...ORDERLY,
      ...Object.fromEntries(PLANTED.map(([, file, source]) => [file, source])),
      ...Object.fromEntries(IMPORTS.map((source, place) => [importFile(place), source])),
      ...Object.fromEntries(COMMENTS.map((source, place) => [commentFile(place), source])),
    })
    ;[real, planted] = await Promise.all([cruise(ROOT), cruise(folder)])
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  /** A circle is reported once, for one of its files. */
  const rulesBrokenBy = (file: string) =>
    planted.summary.violations
      .filter(({ from, cycle = [] }) => [from, ...cycle.map(({ name }) => name)].includes(`src/${file}`))
      .map(({ rule }) => rule.name)

  it('of this repository break no rule', () => {
    expect(real.summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`)).toEqual([])
  })

  it('of this repository were read', () => {
    const sources = readTree()
    const seen = new Map(real.modules.map((module) => [module.source, module.dependencies]))
    const expected = Object.keys(sources).filter((file) => !file.startsWith('console/'))
    expect([...seen.keys()]).toEqual(expect.arrayContaining(expected.map((file) => `src/${file}`)))
    expect(seen.get('src/http/server.ts')?.map(({ resolved }) => resolved)).toEqual(
      expect.arrayContaining(['src/http/rest/plugin.ts', 'node_modules/fastify/fastify.js']),
    )
  })

  it.each(Object.keys(ORDERLY))('of an orderly file break no rule: %s', (file) => {
    expect(rulesBrokenBy(file)).toEqual([])
  })

  it.each(PLANTED)('break a rule: %s', (_case, file, _source, rule) => {
    expect(rulesBrokenBy(file)).toContain(rule)
  })

  it.each(IMPORTS.map((source, place) => [source, place] as const))('are found: %j', (_source, place) => {
    expect(rulesBrokenBy(importFile(place))).toContain('core-without-api')
  })

  it.each(COMMENTS.map((source, place) => [source, place] as const))(
    'are not found in a comment: %j',
    (_source, place) => {
      expect(rulesBrokenBy(commentFile(place))).toEqual([])
    },
  )
})

describe('texts and names', () => {
  it('of this repository break no rule', () => {
    expect(offences(readTree())).toEqual([])
  })

  it('of an orderly tree break no rule', () => {
    expect(offences(ORDERLY)).toEqual([])
  })

  it.each<[string, string, string, string]>([
    [
      'a decorator outside of schema',
      'endpoints/a.ts',
      'class A {\n  @Field()\n  a = 1\n}',
      'decorators stay',
    ],
    ['a decorator in http', 'http/a.ts', '@Controller("x")\nclass A {}', 'decorators stay'],
    ['fetch', 'endpoints/a.ts', "await fetch('https://example.com')", 'sends HTTP requests'],
    ['fetch by its full name', 'auth/a.ts', "globalThis.fetch('https://example.com')", 'sends HTTP requests'],
    ['fetch elsewhere in auth', 'auth/token.ts', "fetch('https://example.com')", 'sends HTTP requests'],
    ['fetch elsewhere in delivery', 'delivery/a.ts', "fetch('https://example.com')", 'sends HTTP requests'],
    ['process.env in config', 'config.ts', 'export const port = process.env.PORT', 'reads the environment'],
    ['process.env in gateway', 'gateway.ts', 'const { PORT } = process.env', 'reads the environment'],
    ['process.env by another spelling', 'http/a.ts', "process['env'].PORT", 'reads the environment'],
    ['process.env by import', 'http/a.ts', "import { env } from 'node:process'", 'reads the environment'],
    ['Prisma in a resolver', 'schema/a.ts', 'context.prisma.endpoint.findMany()', 'Prisma stays in the core'],
    ['SQL in http', 'http/a.ts', 'database.$queryRaw`SELECT 1`', 'Prisma stays in the core'],
    [
      'an import inside a type',
      'events/a.ts',
      "let a: Promise<import('../schema/build').A>",
      'import the type at the top',
    ],
    [
      'the type of an import',
      'events/a.ts',
      "let a: Promise<typeof import('../schema/build')>",
      'import the type at the top',
    ],
    [
      'a page importing the server',
      'console/a.tsx',
      "import { A } from '../endpoints/endpoint'",
      'the pages import nothing',
    ],
    ['a barrel', 'endpoints/index.ts', "export * from './endpoints'", 'endpoints/index.ts is a barrel'],
    ['a barrel at the top', 'index.ts', "export * from './gateway'", 'index.ts is a barrel'],
    ['a barrel of pages', 'console/index.tsx', "export * from './main'", 'console/index.tsx is a barrel'],
    ...['utils', 'helpers', 'types', 'services', 'common', 'lib', 'shared', 'misc'].map(
      (name): [string, string, string, string] => [
        `a folder named ${name}`,
        `endpoints/${name}/a.ts`,
        '',
        `in a folder named ${name}`,
      ],
    ),
  ])('break a rule: %s', (_case, file, source, sentence) => {
    expect(offences({ ...ORDERLY, [file]: source }).join('\n')).toContain(sentence)
  })
})
