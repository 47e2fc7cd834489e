import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The root folder of this package, found from any depth of the compiled code. The Prisma schema marks the root: the benchmark
 * has a package.json of its own above its compiled copy of the code.
 */
export const packageFolder: string = folderAbove(__dirname)

function folderAbove(folder: string): string {
  return existsSync(join(folder, 'prisma/schema.prisma')) ? folder : folderAbove(dirname(folder))
}
