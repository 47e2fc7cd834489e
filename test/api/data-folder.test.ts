import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { JWT_SECRET, spawnGateway, type TestDatabase, testDatabase, testGateway } from '../support/gateway'
import { isRoot } from '../support/private-postgres'

const modeOf = (...path: string[]) => statSync(join(...path)).mode & 0o777

/** A user and a group of no process. */
const [USER, GROUP] = [40_123, 40_456]

const spawnOn = ({ env }: TestDatabase) => spawnGateway({ ...env, HOOKGATE_JWT_SECRET: JWT_SECRET })

async function expectWorking(database: TestDatabase): Promise<void> {
  const gateway = await testGateway(spawnOn(database), database)
  await gateway.createEndpoint()
  expect(await gateway.end()).toBe(0)
}

async function failure(database: TestDatabase): Promise<string> {
  const { exited, output } = spawnOn(database)
  expect(await exited).toBe(1)
  return output()
}

const asRoot = isRoot() ? it : it.skip

describe('A data folder', () => {
  let database: TestDatabase
  let folder: string
  beforeEach(() => {
    database = testDatabase({})
    folder = database.dataDir
  })
  afterEach(() => database.remove())

  it.each([0o755, 0o777])('that was made beforehand with mode %o becomes private', async (mode) => {
    chmodSync(folder, mode)
    await expectWorking(database)
    expect([modeOf(folder), modeOf(folder, 'postgres')]).toEqual([0o700, 0o700])
    expect(modeOf(folder, 'development-keys.json')).toBe(0o600)
  })

  it('that was opened to others later becomes private again', async () => {
    await expectWorking(database)
    chmodSync(folder, 0o755)
    chmodSync(join(folder, 'postgres'), 0o755)
    await expectWorking(database)
    expect([modeOf(folder), modeOf(folder, 'postgres')]).toEqual([0o700, 0o700])
  })

  it('that is a volume with lost+found in it is used', async () => {
    mkdirSync(join(folder, 'lost+found'), { mode: 0o700 })
    await expectWorking(database)
    expect(existsSync(join(folder, 'lost+found'))).toBe(true)
  })

  it('that is a file is refused in one sentence', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const output = await failure({ ...database, env: { HOOKGATE_DATA_DIR: file } })
    expect(output).toMatch(
      /^hookgate: The data folder \S+ cannot be used \(EEXIST: file already exists\): .+\n$/,
    )
  })

  asRoot.each([0o2770, 0o2777])(
    'of another user with mode %o, as a volume of Kubernetes is, holds a private database',
    async (mode) => {
      chownSync(folder, USER, GROUP)
      chmodSync(folder, mode)
      await expectWorking(database)
      await expectWorking(database)
      expect(modeOf(folder)).toBe(mode & 0o777)
      expect(modeOf(folder, 'postgres')).toBe(0o700)
      expect(modeOf(folder, 'development-keys.json')).toBe(0o600)
    },
  )

  it('that the process may not write to is refused in one sentence', async () => {
    // Not even root may create a folder there.
    const output = await failure({ ...database, env: { HOOKGATE_DATA_DIR: '/sys/hookgate' } })
    expect(output).toMatch(
      /^hookgate: The data folder \S+ cannot be used \((EACCES|EPERM|EROFS): [a-z -]+\): let the user of this process write to it, or set HOOKGATE_DATA_DIR to another folder\.\n$/,
    )
  })

  asRoot(
    'whose database belongs to another user and is open to everybody is refused in one sentence',
    async () => {
      mkdirSync(join(folder, 'postgres'))
      chownSync(join(folder, 'postgres'), USER, GROUP)
      chmodSync(join(folder, 'postgres'), 0o755)
      expect(await failure(database)).toMatch(
        /^hookgate: The folder \S+\/postgres of the embedded database is open to everybody and belongs to another user: run `chmod 700 \S+` as its owner, or set HOOKGATE_DATA_DIR to another folder\.\n$/,
      )
    },
  )
})
