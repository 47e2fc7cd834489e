import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(__dirname, '..')
const TEXT = readFileSync(join(ROOT, 'docs/changing.md'), 'utf8')

describe('docs/changing.md', () => {
  const paths = [...TEXT.matchAll(/`((?:src|test|prisma|docs)\/[\w./-]+)`/g)].map(([, path = '']) => path)
  const toBeWritten = /^src\/events\/find-event\.ts$|\.\.\._/

  it.each([...new Set(paths)].filter((path) => !toBeWritten.test(path)))(
    'names a file that exists: %s',
    (path) => {
      expect(existsSync(join(ROOT, path))).toBe(true)
    },
  )

  it.each(['WRITABLE', 'WebhookEndpointPatch'])(
    'names a part of src/schema/webhook-endpoint-input.ts: %s',
    (name) => {
      expect(readFileSync(join(ROOT, 'src/schema/webhook-endpoint-input.ts'), 'utf8')).toContain(name)
    },
  )
})
