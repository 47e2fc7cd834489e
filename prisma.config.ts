import { defineConfig } from 'prisma/config'

// `prisma generate` and `prisma validate` never start the schema engine, yet Prisma fetches it before any command.
// Naming a file that exists stops the fetch, so that both work with no network. Every other command is left alone.
if (process.argv.some((argument) => argument === 'generate' || argument === 'validate')) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath
}

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
})
