/**
 * Reports every retired word of retired-words.txt in the files of a Git repository, as `file:line: word => suggestion`.
 * Usage: node test/words/check.mjs [FOLDER]. Exits with 1 when it has found one.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The list and its test, and files that programs write from other files. */
const SKIPPED =
  /^test\/words\/|(^|\/)package-lock\.json$|^schema\.graphql$|^prisma\/schema\.sql$|\.(png|svg|ico)$/

/** What starts a line of a comment or of a Markdown paragraph without being a part of its sentence. */
const LEADER = /^\s*(\/\*\*?|\*\/|\*|\/{2,}|#+|--|>|-)?\s*/

/** A word with what is joined to it by apostrophes and hyphens, or one other character. */
const TOKEN = /[\p{L}_$][\p{L}\p{N}_$]*(?:['’-][\p{L}\p{N}_$]+)*|\S/gu

/**
 * @typedef {{ text: string, line: number }} Token a word, or any other character that ends a phrase
 * @typedef {Map<string, { words: string[], text: string, suggestion: string }[]>} Phrases by their first word
 */

const list = readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'retired-words.txt'), 'utf8')
const { words, phrases } = readList(list)
const root = process.argv[2] ?? '.'
const hits = filesOf(root).flatMap((file) => hitsOf(file, readFileSync(join(root, file), 'utf8')))
for (const { file, line, text, suggestion } of hits) {
  process.stdout.write(`${file}:${line}: ${text} => ${suggestion}\n`)
}
if (hits.length > 0) {
  process.stdout.write(`${hits.length} retired words: see test/words/retired-words.txt\n`)
  process.exitCode = 1
}

/** Reads lines of the form `word, a phrase => suggestion`. */
function readList(text) {
  const words = new Map()
  /** @type {Phrases} */
  const phrases = new Map()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [entries = '', suggestion] = line.split(' => ')
    if (suggestion === undefined)
      throw new Error(`retired-words.txt: no suggestion in ${JSON.stringify(line)}`)
    for (const entry of entries.split(', ')) {
      const parts = entry.split(' ')
      if (parts.length === 1) words.set(entry, suggestion)
      else
        phrases.set(parts[0], [...(phrases.get(parts[0]) ?? []), { words: parts, text: entry, suggestion }])
    }
  }
  return { words, phrases }
}

/** Tracked files and new ones, without those that .gitignore names or that are deleted. */
function filesOf(root) {
  const git = (...options) =>
    execFileSync('git', ['ls-files', '-z', ...options], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter(Boolean)
  const deleted = new Set(git('--deleted'))
  return git('--cached', '--others', '--exclude-standard').filter(
    (file) => !deleted.has(file) && !SKIPPED.test(file),
  )
}

function hitsOf(file, source) {
  const name = file.split('/').map((text) => ({ text, line: 1 }))
  const tokens = tokensOf(source)
  return [...wordHits(name), ...wordHits(tokens), ...phraseHits(tokens)]
    .sort((one, other) => one.line - other.line)
    .map((hit) => ({ file, ...hit }))
}

/** @returns {Token[]} */
function tokensOf(source) {
  return source.split('\n').flatMap((line, place) =>
    [...line.replace(LEADER, '').replace(/^$/, '.').matchAll(TOKEN)].map(([text]) => ({
      text: text.replace('’', "'"),
      line: place + 1,
    })),
  )
}

/** Finds words, also as parts of an identifier: camelCase, snake_case and kebab-case are taken apart. */
function wordHits(tokens) {
  return tokens.flatMap(({ text, line }) => {
    const parts = text.match(/\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+/gu) ?? []
    const found = [...new Set(parts.map((part) => part.toLowerCase()))].filter((part) => words.has(part))
    return found.map((part) => ({
      line,
      text: part === text.toLowerCase() ? part : `${part} (in ${text})`,
      suggestion: words.get(part),
    }))
  })
}

function phraseHits(tokens) {
  return tokens.flatMap(({ text, line }, place) => {
    const candidates = phrases.get(text.toLowerCase()) ?? []
    const found = candidates.filter(({ words }) =>
      words.every((word, offset) => tokens[place + offset]?.text.toLowerCase() === word),
    )
    return found.map(({ text, suggestion }) => ({ line, text, suggestion }))
  })
}
