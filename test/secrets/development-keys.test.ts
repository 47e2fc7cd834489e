import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { developmentKeys } from '../../src/secrets/development-keys'
import type { DevelopmentKeysCommands } from '../programs/development-keys'
import { startProgram } from '../support/program'

const FILE = 'development-keys.json'

describe('the keys of a development gateway', () => {
  let parent: string
  let folder: string

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'hookgate-keys-'))
    folder = join(parent, 'not/there/yet')
  })
  afterEach(() => rmSync(parent, { recursive: true }))

  it('are 32 bytes each', () => {
    const { jwtSecret, encryptionKey } = developmentKeys(folder)
    expect(Buffer.from(encryptionKey, 'base64')).toHaveLength(32)
    expect(Buffer.byteLength(jwtSecret)).toBeGreaterThanOrEqual(32)
    expect(Buffer.from(jwtSecret, 'base64url')).toHaveLength(32)
  })

  it('are created once and stay', () => {
    const keys = developmentKeys(folder)
    const written = readFileSync(join(folder, FILE), 'utf8')
    expect(developmentKeys(folder)).toEqual(keys)
    expect(developmentKeys(folder)).toEqual(keys)
    expect(readFileSync(join(folder, FILE), 'utf8')).toBe(written)
  })

  it('differ from folder to folder, and from each other', () => {
    const [one, other] = [developmentKeys(folder), developmentKeys(join(parent, 'other'))]
    const all = [one.jwtSecret, one.encryptionKey, other.jwtSecret, other.encryptionKey]
    expect(new Set(all).size).toBe(4)
  })

  it('are readable only by their owner, folder and file', () => {
    developmentKeys(folder)
    expect(statSync(join(folder, FILE)).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('leave nothing else in the folder', () => {
    developmentKeys(folder)
    expect(readdirSync(folder)).toEqual([FILE])
  })

  it('never replace a file that cannot be read', () => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, FILE), 'torn')
    expect(() => developmentKeys(folder)).toThrow()
    expect(readFileSync(join(folder, FILE), 'utf8')).toBe('torn')
  })

  it.each([
    '',
    'torn-S3CR3T',
    '{}',
    '[]',
    'null',
    '{"jwtSecret": "S3CR3T"}',
    '{"jwtSecret": 1, "encryptionKey": 2}',
  ])('are refused by an error that names the file and does not quote it, when it holds %j', (content) => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, FILE), content)
    expect(() => developmentKeys(folder)).toThrow(join(folder, FILE))
    expect(() => developmentKeys(folder)).not.toThrow('S3CR3T')
  })

  it('are the same for processes that create them at the same moment', async () => {
    const programs = await Promise.all(
      Array.from({ length: 6 }, () => startProgram<DevelopmentKeysCommands>('development-keys')),
    )
    try {
      for (const round of ['a', 'b', 'c', 'd', 'e']) {
        const fresh = join(folder, round)
        const answers = await Promise.all(programs.map((program) => program.run('developmentKeys', fresh)))
        expect(new Set(answers.map((keys) => JSON.stringify(keys))).size).toBe(1)
        expect(developmentKeys(fresh)).toEqual(answers[0])
        expect(readdirSync(fresh)).toEqual([FILE])
      }
    } finally {
      await Promise.all(programs.map((program) => program.end()))
    }
  })
})
