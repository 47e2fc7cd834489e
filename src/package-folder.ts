import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of this package, wherever in it the code was built to: where package.json, prisma/ and dist/ stand. */
export const packageFolder: string = folderAbove(__dirname)

function folderAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : folderAbove(dirname(folder))
}
