import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makePrivateFolder } from '../src/private-folder'
import { isRoot } from './support/private-postgres'

const modeOf = (path: string) => statSync(path).mode & 0o7777

describe('a private folder', () => {
  let parent: string
  let folder: string

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'hookgate-folder-'))
    folder = join(parent, 'data')
  })
  afterEach(() => rmSync(parent, { recursive: true }))

  it('is created with its parents', () => {
    expect(makePrivateFolder(join(folder, 'below'))).toBe('nobody')
    expect(modeOf(join(folder, 'below'))).toBe(0o700)
  })

  it.each([0o755, 0o777, 0o770, 0o2775, 0o750, 0o1777])('is made out of one with mode %o', (mode) => {
    mkdirSync(folder)
    chmodSync(folder, mode)
    expect(makePrivateFolder(folder)).toBe('nobody')
    expect(modeOf(folder) & 0o777).toBe(0o700)
  })

  const asRoot = isRoot() ? it : it.skip
  asRoot('of another user stays as it is, as a volume of Kubernetes does', () => {
    mkdirSync(folder)
    chownSync(folder, 12_345, 12_345)
    for (const [mode, openTo] of [
      [0o2770, 'a group'],
      [0o2777, 'everybody'],
      [0o700, 'nobody'],
    ] as const) {
      chmodSync(folder, mode)
      expect(makePrivateFolder(folder)).toBe(openTo)
      expect(modeOf(folder)).toBe(mode)
    }
  })

  it.each(['data', 'data/below'])('cannot be where a file is, and the error says so (%s)', (path) => {
    writeFileSync(folder, '')
    expect(() => makePrivateFolder(join(parent, path))).toThrow(
      /^The data folder \S+ cannot be used \((EEXIST|ENOTDIR): [^/]+\): let the user of this process write to it, or set HOOKGATE_DATA_DIR to another folder\.$/,
    )
  })
})
