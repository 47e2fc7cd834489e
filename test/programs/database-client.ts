import { existsSync, readFileSync } from 'node:fs'
import type { PGlite } from '@electric-sql/pglite'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { newDatabaseFile, openPGlite } from '../../src/database/embedded/embedded'
import { isDatabaseUnavailable } from '../../src/database/unavailable'
import { PrismaClient } from '../../src/generated/prisma/client'
import { serveCommands } from './commands'

export type DatabaseClientCommands = typeof commands

/** `unavailable`: isDatabaseUnavailable recognized the error. */
export type QueryResult = 'answered' | 'unavailable' | { otherError: string }

let embedded: Promise<PGlite> | undefined
const openEmbedded = () => {
  embedded ??= openPGlite(undefined, packedDatabase())
  return embedded
}

/** From `npm run build`: opens in half the time that an empty database takes. */
function packedDatabase(): Blob | undefined {
  const file = newDatabaseFile()
  return existsSync(file) ? new Blob([readFileSync(file)]) : undefined
}

/** Runs one query on a database by the client that the gateway uses. */
const commands = {
  queryServer(connectionString: string): Promise<QueryResult> {
    return runQuery(new PrismaClient({ adapter: serverAdapter(connectionString) }), 'SELECT 1')
  },
  async queryEmbedded(statement: string): Promise<QueryResult> {
    return runQuery(new PrismaClient({ adapter: new PrismaPGlite(await openEmbedded()) }), statement)
  },
  async closeEmbedded() {
    await (await openEmbedded()).close()
  },
}

const serverAdapter = (connectionString: string) =>
  new PrismaPg({ connectionString, connectionTimeoutMillis: 500 })

async function runQuery(prisma: PrismaClient, statement: string): Promise<QueryResult> {
  try {
    await prisma.$queryRawUnsafe(statement)
    return 'answered'
  } catch (error) {
    return isDatabaseUnavailable(error) ? 'unavailable' : { otherError: (error as Error).message }
  }
}

serveCommands(() => commands)
