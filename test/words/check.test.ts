import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A file, its text, and the hits expected in it, as `line: word`. */
const FILES: [string, string, string[]][] = [
  ['src/rest-door.ts', '', ['1: door (in rest-door.ts)']],
  ['src/doors/plain.ts', '', ['1: doors']],
  [
    'src/names.ts',
    'const restDoor = 1\nconst DOOR_MS = 2\nconst HTTPDoor = 3\nconst door2 = 4',
    ['1: door (in restDoor)', '2: door (in DOOR_MS)', '3: door (in HTTPDoor)', '4: door (in door2)'],
  ],
  [
    'src/forms.ts',
    'judgeInput(judged, judges)\nconst $localBell = localBell',
    [
      '1: judge (in judgeInput)',
      '1: judged',
      '1: judges',
      '2: bell (in $localBell)',
      '2: bell (in localBell)',
    ],
  ],
  ['src/comment.ts', '// The Verdict of a send.\n/** Whoever calls. */', ['1: verdict', '2: whoever']],
  ['src/message.ts', "throw new Error('The bell cannot be rung.')", ['1: bell', '1: rung']],
  [
    'src/lines.ts',
    '/**\n * A caller is\n * told of a fault\n */\n// It lasts for\n// ever',
    ['2: is told', '3: told of', '5: for ever'],
  ],
  ['prisma/function.sql', '-- A delivery stands in\n-- the queue\nSELECT 1', ['1: stands in']],
  ['test/a.test.ts', "it('judges both doors', () => {})", ['1: judges', '1: doors']],
  [
    'docs/a.md',
    'What came of it. Nobody’s fault.\n\n> It came\n> of that.',
    ['1: what came', '1: came of', "1: nobody's fault", '3: came of'],
  ],
  ['docs/new file.md', 'begun', ['1: begun']],
]

const PLAIN: [string, string][] = [
  ['src/indoor.ts', 'const indoor = doorway + adoors + doorbell + nodoor\nconst isIndoor = sprung + Bella'],
  [
    'src/ended.ts',
    '// It should be. It is. Told: of course.\n// In lines of for\n//\n// ever\n// Forever, not for. Ever.',
  ],
  ['src/english.ts', '// There is room for a house. It can tell them apart.\nconst forEver = wasTold'],
  ['package-lock.json', '{"door": "bell"}'],
  ['test/bench/package-lock.json', '{"door": "bell"}'],
  ['schema.graphql', '"A door." type Door { id: ID }'],
  ['prisma/schema.sql', '-- the bell'],
  ['test/words/retired-words.txt', 'door => plugin'],
  ['ignored/a.ts', 'const door = 1'],
  ['docs/door.png', 'door'],
]

describe('the check of retired words', () => {
  let folder: string
  let result: { status: number | null; stdout: string }

  function check(files: [string, string][]) {
    for (const [file, text] of files) {
      mkdirSync(join(folder, dirname(file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    return spawnSync(process.execPath, [join(__dirname, 'check.mjs'), folder], { encoding: 'utf8' })
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hookgate-words-'))
    execFileSync('git', ['init', '-q'], { cwd: folder })
    writeFileSync(join(folder, '.gitignore'), 'ignored/')
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it('passes plain words, generated files and files that Git ignores', () => {
    expect(check(PLAIN)).toMatchObject({ status: 0, stdout: '' })
  })

  describe('fails where words were planted', () => {
    beforeAll(() => {
      result = check(FILES.map(([file, text]) => [file, text]))
    })

    it('and counts them', () => {
      const count = FILES.flatMap(([, , hits]) => hits).length
      expect(result.status).toBe(1)
      expect(result.stdout).toContain(`\n${count} retired words: see test/words/retired-words.txt\n`)
    })

    it.each(FILES)('with each one of %s', (file, _text, hits) => {
      const lines = result.stdout.split('\n').filter((line) => line.startsWith(`${file}:`))
      expect(lines.map((line) => line.slice(file.length + 1).replace(/ => .*/, ''))).toEqual(hits)
    })

    it('and suggests another word', () => {
      expect(result.stdout).toContain('src/forms.ts:1: judged => validate, check, decide\n')
    })
  })
})
