import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importsOf, offences, roomOf, type Sources } from './support/architecture'

const SRC = join(__dirname, '../src')

function readTree(): Sources {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.[mc]?tsx?$/.test(file),
  )
  return Object.fromEntries(
    files.map((file) => [file.replaceAll('\\', '/'), readFileSync(join(SRC, file), 'utf8')]),
  )
}

describe('the tree of sources', () => {
  it('has no offence against the arrangement of its rooms', () => {
    expect(offences(readTree())).toEqual([])
  })

  it('was read: its rooms and the imports between them are found', () => {
    const tree = readTree()
    const rooms = new Set(Object.keys(tree).map(roomOf))
    for (const room of [
      'main',
      'gateway',
      'http',
      'http/rest',
      'schema',
      'endpoints',
      'database',
      'generated',
    ]) {
      expect(rooms).toContain(room)
    }
    const file = 'http/rest/endpoint-routes.ts'
    const targets = importsOf(file, tree[file] ?? '').map(({ target }) => target)
    expect(targets).toContain('failure')
    expect(targets).toContain('generated/graphql/graphql')
    expect(targets).toContain('http/rest/page')
  })
})

describe('an import is found', () => {
  it.each([
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
  ])('%j', (source) => {
    expect(importsOf('delivery/sender.ts', source).map(({ target }) => target)).toEqual(['schema/build'])
  })

  it.each([
    "// import { a } from '../schema/build'",
    "/** import { a } from '../schema/build' */",
    "/*\nimport { a } from '../schema/build'\n*/",
    "  // const a = require('../schema/build')",
  ])('but not in a comment: %j', (source) => {
    expect(importsOf('delivery/sender.ts', source)).toEqual([])
  })
})

/** A tree in which each room stands and none offends, with what is easily taken for an offence. */
const ORDERLY: Sources = {
  'main.ts': "import { a } from './gateway'\nprocess.env",
  'gateway.ts':
    "import { a } from './http/server'\nimport { b } from './schema/build'\nimport { c } from './endpoints/endpoints'\n" +
    "import { PrismaClient } from './generated/prisma/client'\nprisma.$queryRaw`SELECT 1`\nprocess.env.X",
  'config.ts': 'export const a = 1',
  'failure.ts': 'export const a = 1',
  'http/server.ts': "import { routes } from './rest/routes'\nimport { createServer } from 'node:http'",
  'http/rest/routes.ts':
    "import { a } from '../../schema/execute'\nimport { b } from '../../generated/graphql/graphql'\n" +
    "import { c } from '../../failure'\nimport { d } from './page'\nimport type { IncomingHttpHeaders } from 'node:http'",
  'http/rest/page.ts':
    '/** Links are fetched by whoever asks: fetch(next). */\nprefetch(1)\nconst process = { environment: 1 }',
  'schema/build.ts':
    "import { a } from '../endpoints/endpoints'\n@Resolver()\nclass A {\n  @Query(() => B)\n  b() {}\n}",
  'schema/execute.ts': "import { a } from '../failure'",
  'endpoints/endpoints.ts':
    "import type { PrismaClient } from '../generated/prisma/client'\nimport { a } from '../secrets/keyring'\n" +
    '/**\n * @throws Error(x)\n */\nprisma.endpoint',
  'secrets/keyring.ts': "import { createHash } from 'node:crypto'",
  'events/publish.ts': "import { a } from '../endpoints/endpoints'",
  'delivery/sending/sender.ts':
    "import { request } from 'undici'\nimport { get } from 'node:https'\nfetch('x')",
  'database/database.ts': "import { PrismaPg } from '@prisma/adapter-pg'",
  'generated/prisma/client.ts': "import * as a from './internal/class.js'\nprocess.env",
  'generated/graphql/index.ts': "export * from './gql'",
  'console/main.tsx': "import { a } from '../generated/graphql/graphql'\nfetch('/graphql')",
}

describe('an offence is caught', () => {
  it('and only an offence', () => {
    expect(offences(ORDERLY)).toEqual([])
  })

  it.each<[string, Sources, string]>([
    [
      'two folders that import each other',
      { 'endpoints/a.ts': "import '../events/publish'" },
      'endpoints/a.ts imports events/publish',
    ],
    [
      'two folders that import each other for types alone',
      { 'endpoints/a.ts': "import type { A } from '../events/publish'" },
      'endpoints/a.ts imports events/publish',
    ],
    [
      'a circle through a third folder',
      { 'secrets/a.ts': "import '../events/publish'" },
      'secrets > events > endpoints > secrets',
    ],
    [
      'a folder that imports what builds it',
      { 'schema/a.ts': "import '../gateway'" },
      'schema/a.ts imports gateway',
    ],
    [
      'http/rest and http in a circle',
      { 'http/rest/a.ts': "import '../server'" },
      'http/rest/a.ts imports http/server',
    ],
    [
      'generated code that imports ours',
      { 'generated/a.ts': "import '../failure'" },
      'generated/a.ts imports failure',
    ],
    [
      'endpoints importing schema',
      { 'endpoints/a.ts': "import '../schema/build'" },
      'knows nothing of the doors',
    ],
    ['events importing http', { 'events/a.ts': "import '../http/server'" }, 'knows nothing of the doors'],
    [
      'secrets importing http/rest',
      { 'secrets/a.ts': "import '../http/rest/page'" },
      'knows nothing of the doors',
    ],
    [
      'database importing schema',
      { 'database/a.ts': "import '../schema/context'" },
      'knows nothing of the doors',
    ],
    [
      'delivery importing schema',
      { 'delivery/a.ts': "await import('../schema/build')" },
      'knows nothing of the doors',
    ],
    [
      'http/rest importing the core',
      { 'http/rest/a.ts': "import type { A } from '../../endpoints/endpoint'" },
      'http/rest/a.ts imports endpoints/endpoint',
    ],
    [
      'http/rest importing more of the schema',
      { 'http/rest/a.ts': "import '../../schema/permissions'" },
      'http/rest/a.ts imports schema/permissions',
    ],
    [
      'http/rest importing Prisma',
      { 'http/rest/a.ts': "import '../../generated/prisma/client'" },
      'http/rest/a.ts imports generated/prisma/client',
    ],
    [
      'a decorator outside of schema',
      { 'endpoints/a.ts': 'class A {\n  @Field()\n  a = 1\n}' },
      'decorators stay',
    ],
    ['a decorator in http', { 'http/a.ts': '@Controller("x")\nclass A {}' }, 'decorators stay'],
    ['fetch', { 'endpoints/a.ts': "await fetch('https://example.com')" }, 'requests go out'],
    ['fetch by its full name', { 'auth/a.ts': "globalThis.fetch('https://example.com')" }, 'requests go out'],
    ['fetch elsewhere in delivery', { 'delivery/a.ts': "fetch('https://example.com')" }, 'requests go out'],
    [
      'node:http request',
      { 'http/a.ts': "import { createServer, request } from 'node:http'" },
      'requests go out',
    ],
    ['node:https get', { 'http/a.ts': "import { get as load } from 'node:https'" }, 'requests go out'],
    ['http as a whole', { 'http/a.ts': "import http from 'http'" }, 'requests go out'],
    ['https by require', { 'http/a.ts': "const https = require('node:https')" }, 'requests go out'],
    ['undici', { 'delivery/a.ts': "import { Agent } from 'undici'" }, 'requests go out'],
    ['axios', { 'endpoints/a.ts': "import axios from 'axios'" }, 'requests go out'],
    ['got', { 'endpoints/a.ts': "await import('got')" }, 'requests go out'],
    ['node-fetch', { 'endpoints/a.ts': "import load from 'node-fetch'" }, 'requests go out'],
    [
      'process.env in config',
      { 'config.ts': 'export const port = process.env.PORT' },
      'the environment is read',
    ],
    ['process.env by another spelling', { 'http/a.ts': "process['env'].PORT" }, 'the environment is read'],
    [
      'process.env by import',
      { 'http/a.ts': "import { env } from 'node:process'" },
      'the environment is read',
    ],
    ['a barrel', { 'endpoints/index.ts': "export * from './endpoints'" }, 'endpoints/index.ts is a barrel'],
    ['a barrel at the top', { 'index.ts': "export * from './gateway'" }, 'index.ts is a barrel'],
    [
      'a barrel of components',
      { 'console/index.tsx': "export * from './main'" },
      'console/index.tsx is a barrel',
    ],
    [
      'Prisma in schema',
      { 'schema/a.ts': "import type { A } from '../generated/prisma/client'" },
      'Prisma stays',
    ],
    ['Prisma handed on to schema', { 'schema/a.ts': 'context.prisma.endpoint.findMany()' }, 'Prisma stays'],
    ['SQL in http', { 'http/a.ts': 'database.$queryRaw`SELECT 1`' }, 'Prisma stays'],
    ["Prisma's package in auth", { 'auth/a.ts': "import '@prisma/client'" }, 'Prisma stays'],
    ...['utils', 'helpers', 'types', 'services', 'common', 'lib'].map((folder): [string, Sources, string] => [
      `a folder named ${folder}`,
      { [`endpoints/${folder}/a.ts`]: '' },
      `in a folder named ${folder}`,
    ]),
  ])('%s', (_case, planted, sentence) => {
    expect(offences({ ...ORDERLY, ...planted }).join('\n')).toContain(sentence)
  })
})
