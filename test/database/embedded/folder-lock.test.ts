import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LockHolderCommands } from '../../programs/lock-holder'
import { spawnChild } from '../../support/child'
import { type Program, startProgram } from '../../support/program'
import { until } from '../../support/until'

/** A process that takes the lock of a folder and releases it. */
type LockHolder = Program<LockHolderCommands>

let folder: string
/** Processes that hold no lock, by program: a test that ends well returns the processes that it did not kill. */
const idle = new Map<string, LockHolder[]>()
let inUse: { program: string; holder: LockHolder }[]

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'hookgate-lock-')), 'data')
  inUse = []
})
afterEach(async () => {
  for (const { program, holder } of inUse) {
    if (!holder.child.isRunning()) continue
    await release(holder)
    idle.set(program, [...(idle.get(program) ?? []), holder])
  }
  rmSync(join(folder, '..'), { recursive: true, force: true })
})
afterAll(() => Promise.all([...idle.values()].flat().map((holder) => holder.end())))

async function startHolder(program = 'lock-holder'): Promise<LockHolder> {
  const holder = idle.get(program)?.pop() ?? (await startProgram<LockHolderCommands>(program))
  inUse.push({ program, holder })
  return holder
}

const startHolders = (count: number, program?: string) =>
  Promise.all(Array.from({ length: count }, () => startHolder(program)))

const lockFile = () => join(folder, 'lock')
const owner = () => JSON.parse(readFileSync(lockFile(), 'utf8'))

/** @returns `locked`, or the message of the error */
const lock = (holder: LockHolder) => holder.run('lock', folder)
const release = (holder: LockHolder) => holder.run('release')
const HELD = { message: expect.any(String) }

async function errorOf(holder: LockHolder): Promise<string> {
  const answer = await lock(holder)
  if (answer === 'locked') throw new Error('The lock was not held')
  return answer.message
}

/** Leaves the lock of a process that was killed. */
async function leaveLock(): Promise<void> {
  const killed = await startHolder()
  expect(await lock(killed)).toBe('locked')
  await killed.end('SIGKILL')
  expect(existsSync(lockFile())).toBe(true)
}

let abandoned: Buffer | undefined

/** Leaves the same lock again: only the first time, a process is killed for it. */
async function abandonLock(): Promise<void> {
  if (abandoned === undefined) {
    await leaveLock()
    abandoned = readFileSync(lockFile())
  } else {
    mkdirSync(folder, { recursive: true })
    writeFileSync(lockFile(), abandoned)
  }
}

describe('the lock of a data folder', () => {
  it('refuses a second process in a sentence that names the folder, the first one and what to do', async () => {
    const [first, second] = (await startHolders(2)) as [LockHolder, LockHolder]
    expect(await lock(first)).toBe('locked')
    const message = await errorOf(second)
    expect(message).toContain(folder)
    expect(message).toMatch(new RegExp(`\\b${first.child.pid}\\b`))
    expect(message).toContain('HOOKGATE_DATA_DIR')
  })

  it('stays with the first process however often others try to take it', async () => {
    const [first, ...others] = (await startHolders(4)) as [LockHolder, ...LockHolder[]]
    await lock(first)
    for (const other of [...others, ...others]) expect(await lock(other)).toEqual(HELD)
    expect(owner().pid).toBe(first.child.pid)
  })

  it('can be taken once it is released', async () => {
    const [first, second] = (await startHolders(2)) as [LockHolder, LockHolder]
    await lock(first)
    await release(first)
    expect(await lock(second)).toBe('locked')
    expect(await lock(first)).toEqual(HELD)
    await release(second)
    expect(await lock(first)).toBe('locked')
  })

  it('can be taken at once when its owner was killed', async () => {
    await leaveLock()
    expect(await lock(await startHolder())).toBe('locked')
  })

  it('can be taken when its owner ended without releasing it', async () => {
    const first = await startHolder()
    await lock(first)
    await first.end('SIGTERM')
    expect(await lock(await startHolder())).toBe('locked')
  })

  it('is released only by its owner, even when the owner is late', async () => {
    const [first, second] = (await startHolders(2)) as [LockHolder, LockHolder]
    await lock(first)
    rmSync(lockFile())
    expect(await lock(second)).toBe('locked')
    await release(first)
    expect(owner().pid).toBe(second.child.pid)
  })

  it('leaves nothing behind in the folder', async () => {
    const [first, second] = (await startHolders(2)) as [LockHolder, LockHolder]
    await lock(first)
    await lock(second)
    expect(readdirSync(folder)).toEqual(['lock'])
    await release(first)
    expect(readdirSync(folder)).toEqual([])
    await abandonLock()
    await lock(second)
    await release(second)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a lock whose owner is gone', () => {
  it("can be taken when another process was given the owner's pid", async () => {
    await abandonLock()
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid: process.pid, startedAt: '1' }))
    expect(await lock(await startHolder())).toBe('locked')
  })

  it("can be taken when the process that takes it was given the owner's pid", async () => {
    const holder = await startHolder()
    await abandonLock()
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid: holder.child.pid, startedAt: '1' }))
    expect(await lock(holder)).toBe('locked')
  })

  // A zombie: a process that ended and that its parent has not waited for, as under a container's first process that is
  // not an init.
  const onLinux = process.platform === 'linux' ? it : it.skip
  onLinux('can be taken when the parent of its owner has not noticed the end yet', async () => {
    const parent = spawnChild('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'])
    const pid = Number(await parent.readLine())
    const startedAt = fieldsOfStat(pid)[19]
    await abandonLock()
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid, startedAt }))
    expect(await lock(await startHolder())).toEqual(HELD)

    process.kill(pid, 'SIGKILL')
    await until(() => fieldsOfStat(pid)[0] === 'Z')
    expect(await lock(await startHolder())).toBe('locked')
    await parent.end()
  })

  it.each([
    ['nothing', ''],
    ['half of an owner', '{"id": "7c0b'],
    ['no JSON', '\0\0\0\0'],
    ['null', 'null'],
    ['a number', '4711'],
    ['a text', '"4711"'],
    ['a list', '[]'],
    ['an object of another form', '{}'],
    ['an invalid pid', '{"id": "x", "pid": "x", "startedAt": 1, "space": null}'],
  ])('can be taken when its file holds %s', async (_case, content) => {
    await abandonLock()
    writeFileSync(lockFile(), content)
    utimesSync(lockFile(), new Date(0), new Date(0))
    const [first, second] = (await startHolders(2)) as [LockHolder, LockHolder]
    expect(await lock(first)).toBe('locked')
    expect(await lock(second)).toEqual(HELD)
  })
})

describe('a lock of another host or container', () => {
  const lockElsewhere = (heartbeat: Date) => {
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid: 4711, space: 'another-host' }))
    utimesSync(lockFile(), heartbeat, heartbeat)
  }

  it('is refused while its heartbeat continues', async () => {
    await abandonLock()
    lockElsewhere(new Date())
    const beating = setInterval(() => utimesSync(lockFile(), new Date(), new Date()), 100)
    try {
      const message = await errorOf(await startHolder())
      expect(message).toContain(folder)
      expect(message).toContain('4711')
    } finally {
      clearInterval(beating)
    }
  })

  it('can be taken once its heartbeat has stopped', async () => {
    await abandonLock()
    lockElsewhere(new Date(Date.now() - 60_000))
    expect(await lock(await startHolder())).toBe('locked')
  })

  it('is refused when its pid is that of another process here', async () => {
    await abandonLock()
    lockElsewhere(new Date())
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid: process.pid }))
    const beating = setInterval(() => utimesSync(lockFile(), new Date(), new Date()), 100)
    try {
      expect(await lock(await startHolder())).toEqual(HELD)
    } finally {
      clearInterval(beating)
    }
  })

  it('has a heartbeat: its file is touched while it is held', async () => {
    await lock(await startHolder())
    utimesSync(lockFile(), new Date(0), new Date(0))
    await until(() => statSync(lockFile()).mtimeMs > 0)
  })
})

describe('processes that race for a lock', () => {
  const race = async (racers: LockHolder[]) => {
    const answers = await Promise.all(racers.map(lock))
    return racers.filter((_racer, index) => answers[index] === 'locked')
  }

  it('have one winner on a fresh folder', async () => {
    const racers = await startHolders(10)
    for (let round = 0; round < 8; round++) {
      const winners = await race(racers)
      expect(winners).toHaveLength(1)
      expect(owner().pid).toBe(winners[0]?.child.pid)
      await Promise.all(winners.map(release))
    }
  })

  it('have one winner on an abandoned lock', async () => {
    const racers = await startHolders(10)
    for (let round = 0; round < 8; round++) {
      await abandonLock()
      const winners = await race(racers)
      expect(winners).toHaveLength(1)
      expect(owner().pid).toBe(winners[0]?.child.pid)
      await Promise.all(winners.map(release))
    }
  })

  it('have one winner on an abandoned lock on a slow disk', async () => {
    const racers = await startHolders(10, 'lock-holder-on-slow-disk')
    for (let round = 0; round < 8; round++) {
      await abandonLock()
      const winners = await race(racers)
      expect(winners).toHaveLength(1)
      expect(owner().pid).toBe(winners[0]?.child.pid)
      await Promise.all(winners.map(release))
    }
  })
})

/** The fields of proc(5) stat that follow the name of a process: its state first, its start time as the 20th. */
function fieldsOfStat(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
