import { ROLES } from '../src/auth/roles'
import { parseCommandLine, UsageError } from '../src/command-line'
import { version } from '../src/version'

function printed(args: string[]): string {
  const invocation = parseCommandLine(args)
  return invocation.command === 'print' ? invocation.text : ''
}

describe('a command line', () => {
  it.each([[[]], [['help']], [['--help']], [['-h']]])('%j lists the commands', (args) => {
    expect(printed(args)).toMatch(
      /^Usage: hookgate COMMAND\n[\s\S]*\n {2}serve .*\n {2}token .*\n {2}migrate .*\n/,
    )
  })

  it.each(['serve', 'token', 'migrate'].flatMap((name) => ['--help', '-h'].map((option) => [name, option])))(
    '%s %s explains the command',
    (name = '', option = '') => {
      expect(printed([name, option])).toMatch(new RegExp(`^Usage: hookgate ${name}\\b`))
    },
  )

  it('token --help names every option and every role', () => {
    for (const word of ['--role', '--sub', '--ttl', ...ROLES]) {
      expect(printed(['token', '--help'])).toContain(word)
    }
  })

  it('--version prints the version', () => {
    expect(printed(['--version'])).toBe(`${version}\n`)
  })

  it('serve and migrate take no options', () => {
    expect(parseCommandLine(['serve'])).toEqual({ command: 'serve' })
    expect(parseCommandLine(['migrate'])).toEqual({ command: 'migrate' })
  })

  it.each<[string[], object]>([
    [[], { role: 'admin', subject: 'admin', ttl: '1h' }],
    [['--role', 'publisher'], { role: 'publisher', subject: 'publisher', ttl: '1h' }],
    [['--sub', 'alice', '--ttl', '30s'], { role: 'admin', subject: 'alice', ttl: '30s' }],
    [['--ttl=7d', '--role=admin'], { role: 'admin', subject: 'admin', ttl: '7d' }],
  ])('token %j prints a token', (options, expected) => {
    expect(parseCommandLine(['token', ...options])).toEqual({ command: 'token', ...expected })
  })

  it.each([
    ['an unknown command', ['sevre'], 'There is no command "sevre".'],
    ['the name of an inherited property', ['toString'], 'There is no command "toString".'],
    ['an unknown option', ['serve', '--port', '1'], "Unknown option '--port'"],
    ['an unknown option in front', ['--port'], 'There is no command "--port".'],
    ['an unexpected argument', ['migrate', 'now'], "Unexpected argument 'now'"],
    ['an option of another command', ['serve', '--role', 'admin'], "Unknown option '--role'"],
    ['an option without its value', ['token', '--role'], 'argument missing'],
    ['an unknown role', ['token', '--role', 'root'], `--role must be one of ${ROLES.join(', ')}.`],
    ['a bad lifetime', ['token', '--ttl', 'soon'], '--ttl must be a duration such as 30s'],
  ])('with %s is an error', (_case, args, message) => {
    expect(() => parseCommandLine(args)).toThrow(UsageError)
    expect(() => parseCommandLine(args)).toThrow(message)
  })
})
