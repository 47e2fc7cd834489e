import { posix } from 'node:path'

/** The sources of a tree by their paths below src/. */
export type Sources = Record<string, string>

interface Rule {
  pattern: RegExp
  /** whether the rule allows the pattern in this file */
  allowed: (file: string) => boolean
  reason: string
}

const CORE = /^(endpoints|events|secrets|delivery|retention|samples|database)\/|^(core|gateway)\.ts$/

const RULES: Rule[] = [
  {
    pattern: /^[ \t]*@\w+\s*\(/m,
    allowed: (file) => file.startsWith('schema/'),
    reason: 'decorators stay in schema/',
  },
  {
    pattern: /(?<![\w$])fetch\s*\(/,
    // auth/key-set.ts fetches the one address of the identity provider that the operator has configured.
    allowed: (file) => /^(delivery\/sending|console)\/|^auth\/key-set\.ts$/.test(file),
    reason: 'only delivery/sending sends HTTP requests',
  },
  {
    pattern: /\bprocess\s*(\.|\?\.)\s*env\b|\bprocess\s*\[|\benv\b[^'"\n]*from\s*['"](node:)?process['"]/,
    allowed: (file) => file === 'main.ts',
    reason: 'only main.ts reads the environment',
  },
  {
    pattern: /\bprisma\s*\.|\$(queryRaw|executeRaw|transaction)/,
    allowed: (file) => CORE.test(file),
    reason: 'Prisma stays in the core',
  },
  {
    pattern: /\btypeof\s+import\s*\(\s*['"]\.|\bimport\s*\(\s*['"]\.[^)]*\)\s*\.\s*[A-Z]/,
    allowed: () => false,
    reason: 'dependency-cruiser does not see every import inside a type: import the type at the top',
  },
]

const KINDS_OF_CODE = /(^|\/)(utils?|helpers|types|services|common|lib|shared|misc)\//
const BARREL = /(^|\/)index\.[mc]?tsx?$/

/**
 * Checks what dependency-cruiser cannot see: the text and the names of files, the pages included.
 *
 * @returns every offence, as a sentence that starts with the file
 */
export function offences(sources: Sources): string[] {
  const written = Object.entries(sources).filter(([file]) => !file.startsWith('generated/'))
  return written.flatMap(([file, source]) => [
    ...misplacedCode(file, source),
    ...importsOfPages(file, source),
    ...misnamed(file),
  ])
}

function misplacedCode(file: string, source: string): string[] {
  const code = withoutComments(source)
  return RULES.flatMap(({ pattern, allowed, reason }) => {
    const found = allowed(file) ? null : pattern.exec(code)
    return found ? [`${file} contains ${found[0].trim()}: ${reason}`] : []
  })
}

/** dependency-cruiser does not parse the pages, which hold JSX. */
function importsOfPages(file: string, source: string): string[] {
  if (!file.startsWith('console/')) return []
  const targets = [...source.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map(([, path = '']) =>
    posix.join(posix.dirname(file), path),
  )
  const outside = targets.filter((target) => !/^(console|generated)\//.test(target))
  return outside.map((target) => `${file} imports ${target}: the pages import nothing of the server`)
}

/** Removes the comments that start a line. */
const withoutComments = (source: string) =>
  source.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, '').replace(/^[ \t]*\/\/.*$/gm, '')

function misnamed(file: string): string[] {
  const kind = KINDS_OF_CODE.exec(file)?.[2]
  return [
    ...(BARREL.test(file) ? [`${file} is a barrel: import from the file that defines the name`] : []),
    ...(kind ? [`${file} is in a folder named ${kind}: a folder is a concept of the product`] : []),
  ]
}
