import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { USAGE } from '../src/command-line'

const PROGRAM = join(__dirname, '../dist/bundle/hookgate.js')

/** Runs the built program with no environment of its own, so that it cannot start a gateway by mistake. */
const hookgate = (...args: string[]) => run(args, { NODE_ENV: 'production' })

function run(args: string[], env: Record<string, string>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

describe('hookgate', () => {
  it('prints its help to standard output and exits with 0', () => {
    expect(hookgate('--help')).toEqual({ status: 0, stdout: USAGE, stderr: '' })
    expect(hookgate('serve', '--help')).toMatchObject({ status: 0, stderr: '' })
    expect(hookgate('migrate', '-h')).toMatchObject({ status: 0, stderr: '' })
    expect(hookgate('token', '--help').stdout).toContain('--ttl')
  })

  it('prints its version alone', () => {
    const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'))
    expect(hookgate('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('starts beside the variables that Kubernetes sets for services named hookgate and hookgate-db', () => {
    const injected = {
      HOOKGATE_SERVICE_HOST: '10.0.0.1',
      HOOKGATE_SERVICE_PORT: '4000',
      HOOKGATE_SERVICE_PORT_HTTP: '4000',
      HOOKGATE_PORT: 'tcp://10.0.0.1:4000',
      HOOKGATE_PORT_4000_TCP: 'tcp://10.0.0.1:4000',
      HOOKGATE_PORT_4000_TCP_ADDR: '10.0.0.1',
      HOOKGATE_DB_SERVICE_HOST: '10.0.0.2',
      HOOKGATE_DB_PORT_5432_TCP_PROTO: 'tcp',
    }
    const folder = mkdtempSync(join(tmpdir(), 'hookgate-main-'))
    const env = { NODE_ENV: 'development', HOOKGATE_DATA_DIR: folder, ...injected }
    expect(run(['token'], env)).toMatchObject({ status: 0, stderr: '' })
    expect(run(['token'], { ...env, HOOKGATE_DATADIR: folder })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('did you mean HOOKGATE_DATA_DIR?'),
    })
    rmSync(folder, { recursive: true })
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
