import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from '../../src/generated/prisma/client'
import { serveCommands } from './commands'

export type PrismaPublisherCommands = ReturnType<typeof prismaPublisherCommands>

export interface PrismaPublish {
  type: string
  data: unknown
  key: string | null
  isolationLevel?: 'ReadCommitted' | 'RepeatableRead' | 'Serializable'
  /** the product's own change fails after the publish */
  fails?: boolean
}

/** A product that keeps its own rows by Prisma and publishes in the same transaction. */
function prismaPublisherCommands(connectionString: string) {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) })
  return {
    /** @returns the event's id; null = the transaction was rolled back */
    async publish({ type, data, key, isolationLevel, fails }: PrismaPublish): Promise<string | null> {
      const level = isolationLevel && Prisma.TransactionIsolationLevel[isolationLevel]
      try {
        return await prisma.$transaction(
          async (transaction) => {
            const [row] = await transaction.$queryRaw<[{ id: bigint }]>`
              SELECT hookgate_publish(${type}, ${data}::json, ${key}) AS id`
            await transaction.$executeRaw`INSERT INTO orders (event_id) VALUES (${row.id})`
            if (fails) throw new Error('The order is not stored')
            return String(row.id)
          },
          { isolationLevel: level },
        )
      } catch (error) {
        if (fails) return null
        throw error
      }
    },
    /** The SQLSTATE and the message of a publish that fails, as Prisma reports them. */
    async failure(type: string): Promise<unknown> {
      const outcome: unknown = await prisma.$queryRaw`SELECT hookgate_publish(${type}, '1')`.catch(
        (error) => error,
      )
      const { meta } = outcome as { meta?: { driverAdapterError?: { cause?: unknown } } }
      return meta?.driverAdapterError?.cause ?? String(outcome)
    },
    close: () => prisma.$disconnect(),
  }
}

if (require.main === module) serveCommands((url: string) => prismaPublisherCommands(url))
