import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of this package, with package.json, prisma/ and dist/. The built code is in a folder below it. */
export const packageFolder: string = folderAbove(__dirname)

function folderAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : folderAbove(dirname(folder))
}
