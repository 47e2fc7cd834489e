import { parseArgs } from 'node:util'
import { ADMIN, isRole, ROLES, type Role } from './auth/roles'
import { version } from './version'

/** What a command line means: a text to print, or a command to run. */
export type Invocation =
  | { command: 'print'; text: string }
  | { command: 'serve' }
  | { command: 'token'; role: Role; subject: string; ttl: string }
  | { command: 'migrate' }

/** A mistake on the command line. */
export class UsageError extends Error {}

const COMMANDS = {
  serve: { summary: 'starts the gateway', options: [] },
  token: {
    summary: 'prints a bearer token',
    options: [
      `--role ROLE  one of ${ROLES.join(', ')}; default: ${ADMIN}`,
      '--sub NAME   the subject of the token; default: the role',
      '--ttl TIME   how long the token is valid, such as 30s, 15m, 8h, 7d; default: 1h',
    ],
  },
  migrate: { summary: 'brings the database up to date', options: [] },
}

export const USAGE = `Usage: hookgate COMMAND

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(9)}${summary}\n`)
  .join('')}
hookgate COMMAND --help shows the options of a command, hookgate --version the version.
Environment variables set everything else: see the README.
`

/**
 * Reads a command line.
 *
 * @param args without the names of Node.js and of the program
 * @throws UsageError for an unknown command or option, or a bad value
 */
export function parseCommandLine([name, ...rest]: string[]): Invocation {
  if (name === undefined || ['help', '--help', '-h'].includes(name)) return { command: 'print', text: USAGE }
  if (name === '--version') return { command: 'print', text: `${version}\n` }
  if (name !== 'serve' && name !== 'token' && name !== 'migrate') {
    throw new UsageError(`There is no command ${JSON.stringify(name)}.`)
  }
  const { help, ...options } = readOptions(rest, name === 'token' ? ['role', 'sub', 'ttl'] : [])
  if (help) return { command: 'print', text: helpOf(name) }
  return name === 'token' ? tokenInvocation(options) : { command: name }
}

function helpOf(name: keyof typeof COMMANDS): string {
  const { summary, options } = COMMANDS[name]
  const usage = `Usage: hookgate ${name}${options.length > 0 ? ' [OPTION...]' : ''}`
  const lines = [...options, '-h, --help   prints this help'].map((line) => `  ${line}\n`)
  return `${usage}\n\nThis ${summary}.\n\n${lines.join('')}`
}

function tokenInvocation({ role = ADMIN, sub = role, ttl = '1h' }: Record<string, string | undefined>) {
  if (!isRole(role)) throw new UsageError(`--role must be one of ${ROLES.join(', ')}.`)
  if (!/^[1-9]\d{0,8} ?(s|m|h|d|w)$/.test(ttl)) {
    throw new UsageError('--ttl must be a duration such as 30s, 15m, 1h, 7d.')
  }
  return { command: 'token' as const, role, subject: sub, ttl }
}

function readOptions(args: string[], names: string[]) {
  const texts = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  try {
    const { values } = parseArgs({ args, options: { ...texts, help: { type: 'boolean', short: 'h' } } })
    return values as Record<string, string | undefined> & { help?: true }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
