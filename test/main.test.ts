import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { USAGE } from '../src/command-line'

const PROGRAM = join(__dirname, '../dist/bundle/hookgate.js')

/** Runs the built program with no environment of its own, so that it cannot start a gateway by mistake. */
function hookgate(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

describe('hookgate', () => {
  it('prints its help to standard output and exits with 0', () => {
    expect(hookgate('--help')).toEqual({ status: 0, stdout: USAGE, stderr: '' })
    expect(hookgate('serve', '--help')).toMatchObject({ status: 0, stderr: '' })
  })

  it('prints a mistake and its usage to standard error and exits with 2', () => {
    expect(hookgate('sevre')).toEqual({
      status: 2,
      stdout: '',
      stderr: `hookgate: There is no command "sevre".\n\n${USAGE}\n`,
    })
  })

  it('exits with 1 for a configuration that cannot be used', () => {
    const { status, stderr } = hookgate('serve')
    expect(status).toBe(1)
    expect(stderr).toContain('HOOKGATE_ENCRYPTION_KEY')
    expect(stderr).not.toContain('Usage')
  })
})
