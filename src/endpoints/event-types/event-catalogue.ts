import { readFileSync } from 'node:fs'
import { databaseMessage } from '../../database/database-message'
import type { PrismaClient } from '../../generated/prisma/client'
import { validateText } from '../../validate-text'
import builtIn from './event-types.json'

/** A kind of event that the product sends. */
export interface EventType {
  type: string
  group: string
  description: string
  /** the product's condition for sending it; null = always */
  sentOnlyIf: string | null
}

/** The event types that endpoints may listen to, sorted by type. */
export interface EventCatalogue {
  types: EventType[]
  has(type: string): boolean
}

/**
 * Reads the catalogue: the built-in event types, or those of the operator's file. The file is a JSON array of
 * `{type, group, description, sent_only_if?}`, which replaces the built-in types, or `{"extend": [...]}`, which adds
 * types to them. A type of the file replaces a built-in type of the same name.
 *
 * @throws Error that names the file and every problem in it
 */
export function readEventCatalogue(file: string | undefined): EventCatalogue {
  const entries = file === undefined ? builtIn : readEntries(file)
  const byType = new Map(entries.map((entry) => [entry.type, entry]))
  const types = [...byType.values()].sort((a, b) => (a.type < b.type ? -1 : 1))
  return {
    types: types.map(({ type, group, description, sent_only_if: sentOnlyIf = null }) => ({
      type,
      group,
      description,
      sentOnlyIf,
    })),
    has: (type) => byType.has(type),
  }
}

/**
 * Writes the catalogue to the database, where foreign keys refer to it. A type that is no longer in the catalogue is kept and
 * marked as retired, because endpoints may still listen to it.
 *
 * @throws Error with a message for the operator
 */
export async function saveEventCatalogue(prisma: PrismaClient, catalogue: EventCatalogue): Promise<void> {
  try {
    if (!(await isSaved(prisma, catalogue.types))) await save(prisma, catalogue.types)
  } catch (error) {
    const reason = databaseMessage(error)
    throw new Error(
      `The event types cannot be saved in the database (${reason}): start again when it can be written to.`,
      { cause: error },
    )
  }
}

async function save(prisma: PrismaClient, types: EventType[]): Promise<void> {
  const [session] = await prisma.$queryRaw<{ isReadOnly: boolean }[]>`
    SELECT current_setting('transaction_read_only') = 'on' AS "isReadOnly"`
  if (session?.isReadOnly) throw new Error('the database is read-only')
  const rows = JSON.stringify(types)
  await prisma.$transaction([
    prisma.$executeRaw`
      INSERT INTO event_types (type, "group", description, sent_only_if)
      SELECT type, "group", description, "sentOnlyIf"
      FROM jsonb_to_recordset(${rows}::jsonb) AS entry(type text, "group" text, description text, "sentOnlyIf" text)
      ORDER BY type
      ON CONFLICT (type) DO UPDATE
      SET "group" = excluded."group", description = excluded.description, sent_only_if = excluded.sent_only_if,
          retired_at = NULL
      WHERE (event_types."group", event_types.description, event_types.sent_only_if, event_types.retired_at)
        IS DISTINCT FROM (excluded."group", excluded.description, excluded.sent_only_if, NULL)`,
    prisma.eventType.updateMany({
      where: { type: { notIn: types.map(({ type }) => type) }, retiredAt: null },
      data: { retiredAt: new Date() },
    }),
  ])
}

/** Nearly every start finds the same catalogue in the database, and reading is faster than writing. */
async function isSaved(prisma: PrismaClient, types: EventType[]): Promise<boolean> {
  const stored = await prisma.$queryRaw<EventType[]>`
    SELECT type, "group", description, sent_only_if AS "sentOnlyIf" FROM event_types WHERE retired_at IS NULL`
  const print = ({ type, group, description, sentOnlyIf }: EventType) =>
    JSON.stringify([type, group, description, sentOnlyIf])
  const wanted = new Set(types.map(print))
  return stored.length === wanted.size && stored.every((each) => wanted.has(print(each)))
}

type Entry = { type: string; group: string; description: string; sent_only_if?: string }

function readEntries(file: string): Entry[] {
  const invalid = (reason: string) => new Error(`The event types of ${file} cannot be used: ${reason}`)
  let content: unknown
  try {
    content = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw invalid((error as Error).message)
  }
  const extend = isObject(content) ? content.extend : undefined
  const given = extend ?? content
  if (!Array.isArray(given) || given.length === 0) {
    throw invalid('it must hold an array of event types, or {"extend": [...]}')
  }
  const problems = given.flatMap((entry, index) =>
    problemsOf(entry).map((problem) => `entry ${index} ${problem}`),
  )
  if (problems.length > 0) throw invalid(problems.join('; '))
  return extend === undefined ? given : [...builtIn, ...given]
}

const EVENT_TYPE = /^[A-Za-z0-9_.:/-]{1,128}$/

function problemsOf(entry: unknown): string[] {
  if (!isObject(entry)) return ['is not an object']
  const isText = (name: string) => {
    const value = entry[name]
    return typeof value === 'string' && value !== '' && validateText(value, []).length === 0
  }
  const problems = ['group', 'description']
    .filter((name) => !isText(name))
    .map((name) => `lacks the text "${name}"`)
  if (!isText('type') || !EVENT_TYPE.test(String(entry.type))) {
    problems.push('needs a "type" of letters, digits and _.:/- (128 at most)')
  }
  if ('sent_only_if' in entry && !isText('sent_only_if'))
    problems.push('has a "sent_only_if" that is not a text')
  return problems
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
