import {
  existsSync,
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
import { type Child, spawnChild } from '../../support/child'
import { until } from '../../support/until'

/** A process that takes and releases the lock of a folder when it is told to. */
const LOCKER = `
  const { lockFolder } = dist('database/embedded/folder-lock.js')
  let lock
  onLine(async (line) => {
    const [command, folder] = line.split('\\t')
    try {
      if (command === 'lock') lock = await lockFolder(folder)
      else lock.release()
      print('done')
    } catch (error) {
      print('refused: ' + error.message)
    }
  })
  print('ready')`

/**
 * The same with a disk that dawdles: any operation on files may be held up for some milliseconds, before or after,
 * as happens to a process that the machine has no time for. Every gap between two operations is stretched so far
 * that the other processes get into it.
 */
const DAWDLING_LOCKER = `
  const fs = require('node:fs')
  const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.random() * 12)
  for (const name of Object.keys(fs).filter((name) => /^(link|rename|rm|unlink|mkdir|writeFile|open|stat)Sync$/.test(name))) {
    const act = fs[name]
    fs[name] = (...args) => {
      pause()
      try { return act(...args) } finally { pause() }
    }
  }
  ${LOCKER}`

let folder: string
let children: Child[]

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'hookgate-lock-')), 'data')
  children = []
})
afterEach(async () => {
  await Promise.all(children.map((child) => child.end()))
  rmSync(join(folder, '..'), { recursive: true, force: true })
})

async function startLocker(script = LOCKER): Promise<Child> {
  const child = spawnChild(script)
  children.push(child)
  expect(await child.hear()).toBe('ready')
  return child
}

const startLockers = (count: number, script?: string) =>
  Promise.all(Array.from({ length: count }, () => startLocker(script)))

const lockFile = () => join(folder, 'lock')
const owner = () => JSON.parse(readFileSync(lockFile(), 'utf8'))

async function lock(child: Child): Promise<string> {
  child.say(`lock\t${folder}`)
  return child.hear()
}

async function release(child: Child): Promise<string> {
  child.say('release')
  return child.hear()
}

/** Leaves the lock of a process that was killed. */
async function abandonLock(): Promise<void> {
  const killed = await startLocker()
  expect(await lock(killed)).toBe('done')
  await killed.end('SIGKILL')
  expect(existsSync(lockFile())).toBe(true)
}

describe('the lock of a data folder', () => {
  it('refuses a second process in a sentence that names the folder, the first one and what to do', async () => {
    const [first, second] = (await startLockers(2)) as [Child, Child]
    expect(await lock(first)).toBe('done')
    const refusal = await lock(second)
    expect(refusal).toMatch(/^refused: /)
    expect(refusal).toContain(folder)
    expect(refusal).toMatch(new RegExp(`\\b${first.pid}\\b`))
    expect(refusal).toContain('HOOKGATE_DATA_DIR')
  })

  it('stays with the first process however often it is asked for', async () => {
    const [first, ...others] = (await startLockers(4)) as [Child, ...Child[]]
    await lock(first)
    for (const other of [...others, ...others]) expect(await lock(other)).toMatch(/^refused: /)
    expect(owner().pid).toBe(first.pid)
  })

  it('can be had once it is released', async () => {
    const [first, second] = (await startLockers(2)) as [Child, Child]
    await lock(first)
    await release(first)
    expect(await lock(second)).toBe('done')
    expect(await lock(first)).toMatch(/^refused: /)
    await release(second)
    expect(await lock(first)).toBe('done')
  })

  it('can be had at once when its owner was killed', async () => {
    await abandonLock()
    expect(await lock(await startLocker())).toBe('done')
  })

  it('can be had when its owner ended without releasing it', async () => {
    const first = await startLocker()
    await lock(first)
    await first.end('SIGTERM')
    expect(await lock(await startLocker())).toBe('done')
  })

  it('is let go by its owner alone, however late', async () => {
    const [first, second] = (await startLockers(2)) as [Child, Child]
    await lock(first)
    rmSync(lockFile())
    expect(await lock(second)).toBe('done')
    await release(first)
    expect(owner().pid).toBe(second.pid)
  })

  it('leaves nothing behind in the folder', async () => {
    const [first, second] = (await startLockers(2)) as [Child, Child]
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
  it('can be had though another process was given its pid', async () => {
    await abandonLock()
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid: process.pid, startedAt: '1' }))
    expect(await lock(await startLocker())).toBe('done')
  })

  it('can be had though the process that asks was given its pid', async () => {
    const child = await startLocker()
    await abandonLock()
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid: child.pid, startedAt: '1' }))
    expect(await lock(child)).toBe('done')
  })

  // A zombie: killed, yet not waited for by its parent, as under a container's first process that is no init.
  const onLinux = process.platform === 'linux' ? it : it.skip
  onLinux('can be had though its parent has not noticed yet', async () => {
    const parent = spawnChild('', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], 'sh')
    children.push(parent)
    const pid = Number(await parent.hear())
    const startedAt = fieldsOfStat(pid)[19]
    await abandonLock()
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid, startedAt }))
    expect(await lock(await startLocker())).toMatch(/^refused: /)

    process.kill(pid, 'SIGKILL')
    await until(() => fieldsOfStat(pid)[0] === 'Z')
    expect(await lock(await startLocker())).toBe('done')
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
    ['a pid that is none', '{"id": "x", "pid": "x", "startedAt": 1, "space": null}'],
  ])('can be had when its file holds %s', async (_case, content) => {
    await abandonLock()
    writeFileSync(lockFile(), content)
    utimesSync(lockFile(), new Date(0), new Date(0))
    const [first, second] = (await startLockers(2)) as [Child, Child]
    expect(await lock(first)).toBe('done')
    expect(await lock(second)).toMatch(/^refused: /)
  })
})

describe('a lock of another host or container', () => {
  const lockElsewhere = (heartbeat: Date) => {
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid: 4711, space: 'another-host' }))
    utimesSync(lockFile(), heartbeat, heartbeat)
  }

  it('is refused while its heart beats', async () => {
    await abandonLock()
    lockElsewhere(new Date())
    const beating = setInterval(() => utimesSync(lockFile(), new Date(), new Date()), 100)
    try {
      const refusal = await lock(await startLocker())
      expect(refusal).toMatch(/^refused: /)
      expect(refusal).toContain(folder)
      expect(refusal).toContain('4711')
    } finally {
      clearInterval(beating)
    }
  })

  it('can be had once its heart has stopped', async () => {
    await abandonLock()
    lockElsewhere(new Date(Date.now() - 60_000))
    expect(await lock(await startLocker())).toBe('done')
  })

  it('is refused though its pid runs here and is another process', async () => {
    await abandonLock()
    lockElsewhere(new Date())
    writeFileSync(lockFile(), JSON.stringify({ ...owner(), pid: process.pid }))
    const beating = setInterval(() => utimesSync(lockFile(), new Date(), new Date()), 100)
    try {
      expect(await lock(await startLocker())).toMatch(/^refused: /)
    } finally {
      clearInterval(beating)
    }
  })

  it('has a heart that beats: its file is touched while it is held', async () => {
    await lock(await startLocker())
    utimesSync(lockFile(), new Date(0), new Date(0))
    await until(() => statSync(lockFile()).mtimeMs > 0)
  })
})

describe('processes that race for a lock', () => {
  const race = async (racers: Child[]) => {
    const answers = await Promise.all(racers.map(lock))
    return racers.filter((_racer, index) => answers[index] === 'done')
  }

  it('have one winner on a fresh folder', async () => {
    const racers = await startLockers(10)
    for (let round = 0; round < 8; round++) {
      const winners = await race(racers)
      expect(winners).toHaveLength(1)
      expect(owner().pid).toBe(winners[0]?.pid)
      await Promise.all(winners.map(release))
    }
  })

  it('have one winner on an abandoned lock', async () => {
    const racers = await startLockers(10)
    for (let round = 0; round < 8; round++) {
      await abandonLock()
      const winners = await race(racers)
      expect(winners).toHaveLength(1)
      expect(owner().pid).toBe(winners[0]?.pid)
      await Promise.all(winners.map(release))
    }
  })

  it('have one winner on an abandoned lock though the disk dawdles', async () => {
    const racers = await startLockers(10, DAWDLING_LOCKER)
    for (let round = 0; round < 8; round++) {
      await abandonLock()
      const winners = await race(racers)
      expect(winners).toHaveLength(1)
      expect(owner().pid).toBe(winners[0]?.pid)
      await Promise.all(winners.map(release))
    }
  })
})

/** What Linux tells of a process after its name: its state first, its start as the 20th. */
function fieldsOfStat(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
