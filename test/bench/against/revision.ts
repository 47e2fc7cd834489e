import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { REPOSITORY } from '../places'
import type { Teardown } from '../teardown'

const run = promisify(execFile)
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024

interface Request {
  /** anything that git resolves to a commit */
  revision: string
  teardown: Teardown
  /** Prints a line about the progress. */
  progress(line: string): void
}

export interface BuiltRevision {
  /** the short hash of the commit */
  name: string
  /** path of its built `hookgate.js` */
  program: string
}

/**
 * Builds a revision in a git worktree in a temporary folder. The teardown removes the worktree.
 *
 * @throws Error when there is no such revision, or when its build fails
 */
export async function buildRevision({ revision, teardown, progress }: Request): Promise<BuiltRevision> {
  const abort = new AbortController()
  const execute = (command: string, args: string[], cwd: string) =>
    run(command, args, { cwd, env: ENVIRONMENT, signal: abort.signal, maxBuffer: OUTPUT_MAX_BYTES })
  const git = async (...args: string[]) => (await execute('git', args, REPOSITORY)).stdout.trim()

  const commit = await git('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`).catch(
    (cause) => {
      throw new Error(`There is no revision ${revision}`, { cause })
    },
  )
  const name = await git('rev-parse', '--short', commit)
  const parent = mkdtempSync(join(tmpdir(), 'hookgate-against-'))
  teardown.add(() => rmSync(parent, { recursive: true, force: true }))
  const folder = join(parent, name)
  teardown.add(() => run('git', ['worktree', 'remove', '--force', folder], { cwd: REPOSITORY }))
  // Runs before the two steps above: no build writes into a folder that is being removed.
  teardown.add(() => abort.abort())
  await git('worktree', 'add', '--quiet', '--detach', folder, commit)

  if (hasSamePackages(folder)) {
    progress(`${name}: using this build's node_modules, because package-lock.json is the same`)
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'))
  } else {
    progress(`${name}: installing its own packages, because package-lock.json differs`)
    await execute('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder)
  }
  progress(`${name}: building`)
  await execute('npm', ['run', 'build'], folder)
  return { name, program: programOf(folder) }
}

/** Without the variables of the npm that started this run: they name this repository. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([variable]) => !variable.startsWith('npm_')),
)

function hasSamePackages(folder: string): boolean {
  const lockOf = (root: string) => readFileSync(join(root, 'package-lock.json'))
  return lockOf(folder).equals(lockOf(REPOSITORY))
}

/** The program that the revision publishes: the path may differ between revisions. */
function programOf(folder: string): string {
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const program = join(folder, bin.hookgate)
  if (!existsSync(program)) throw new Error(`The build made no ${bin.hookgate}`)
  return program
}
