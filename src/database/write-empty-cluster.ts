import { writeFileSync } from 'node:fs'
import { EMPTY_CLUSTER, openPGlite } from './embedded'

/** `npm run build:database`: keeps what a new embedded PostgreSQL writes, so that a first start need not make it. */
async function main(): Promise<void> {
  const pglite = await openPGlite()
  const cluster = await pglite.dumpDataDir('gzip')
  await pglite.close()
  writeFileSync(EMPTY_CLUSTER, Buffer.from(await cluster.arrayBuffer()))
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exitCode = 1
})
