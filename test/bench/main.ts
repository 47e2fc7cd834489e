import { parseArgs } from 'node:util'
import { CASES as PAIRED_CASES } from './against/cases'
import { compareAgainst } from './against/compare'
import { PAIRS } from './against/decision'
import { deliveries } from './cases/deliveries/deliveries'
import { fanOut } from './cases/engine/fan-out'
import { hangingNeighbours } from './cases/engine/hanging-neighbours'
import { idleLanes } from './cases/engine/idle-lanes'
import { largeBodies } from './cases/engine/memory'
import { openSnapshot } from './cases/engine/open-snapshot'
import { rateLimited } from './cases/engine/rate-limited'
import { recorders } from './cases/engine/recorders'
import { retention } from './cases/engine/retention'
import { staleStatistics } from './cases/engine/stale-statistics'
import { idleLatency } from './cases/idle-latency'
import { requests } from './cases/requests/requests'
import { attemptScale } from './cases/scale/attempts'
import { claimScale } from './cases/scale/claims'
import { connections } from './cases/scaling/connections'
import { costs } from './cases/scaling/costs'
import { manyWorkers } from './cases/scaling/many-workers'
import { startUp } from './cases/start-up'
import { Databases } from './databases'
import { AGAINST_LIMIT_MS, LIMIT_MS, QUICK, WHOLE } from './plan'
import { circumstances, type Section, writeSection } from './report/document'
import type { Measurement } from './report/measurement'
import { table } from './report/table'
import type { Case, Run } from './run'
import { Teardown } from './teardown'

/** The cases of each section, by their names on the command line. */
const SECTIONS: Record<Section, Record<string, Case>> = {
  default: { requests, deliveries, latency: idleLatency, 'start-up': startUp },
  engine: {
    'stale-statistics': staleStatistics('small'),
    'open-snapshot': openSnapshot,
    'idle-lanes': idleLanes,
    'hanging-neighbours': hangingNeighbours,
    'rate-limited': rateLimited,
    'fan-out': fanOut,
    retention: retention('small'),
    recorders,
    memory: largeBodies,
  },
  scale: {
    claims: claimScale,
    attempts: attemptScale,
    'stale-statistics-large': staleStatistics('large'),
    'retention-large': retention('large'),
  },
  scaling: { costs, 'many-workers': manyWorkers, connections },
}
const SECTION_NAMES = Object.keys(SECTIONS) as Section[]
const CASES: Record<string, Case> = Object.assign({}, ...Object.values(SECTIONS))

const USAGE = `Usage: npm run bench -- [--quick] [--profile FOLDER] [CASE ...]
       npm run bench -- --against REVISION [--cases CASE,...] [--pairs N]

The first form measures this build beside the yardsticks. The cases are in four sections, whose names stand for all of
their cases; the first one is the default:
${SECTION_NAMES.map((name) => `  ${name.padEnd(9)}  ${Object.keys(SECTIONS[name]).join(', ')}`).join('\n')}
  --quick    every case in small, or the given ones; the figures are too rough to keep
  --profile  writes CPU profiles of the gateway into a folder; the gateway is slower then

The second form builds another revision and compares this build with it, in ${PAIRS} pairs of measurements for each
case. It takes about 25 minutes and exits with 1 when a case falls short.
  --cases    some of ${Object.keys(PAIRED_CASES).join(', ')}
  --pairs    another number of pairs, for a quick look: nothing falls short then
`

const DEFAULT_SERVER = 'postgresql://postgres@127.0.0.1:5432/postgres'

/** The command line once it is read. */
type Command =
  | { kind: 'yardsticks'; names: string[]; isQuick: boolean; profileFolder: string | undefined }
  | { kind: 'against'; revision: string; names: string[]; pairs: number }

async function main(): Promise<void> {
  const command = readCommand()
  if (typeof command === 'number') {
    process.stdout.write(USAGE)
    process.exitCode = command
    return
  }
  const teardown = new Teardown()
  const databases = new Databases(process.env.TEST_DATABASE_URL ?? DEFAULT_SERVER, teardown)
  const progress = (line: string) => void process.stderr.write(`${line}\n`)
  try {
    if (command.kind === 'against') {
      const compared = compareAgainst({ ...command, databases, teardown, progress })
      const { report, fallsShort } = await within(AGAINST_LIMIT_MS, compared)
      process.stdout.write(`\n${report}\n`)
      process.exitCode = fallsShort ? 1 : 0
    } else {
      const plan = command.isQuick ? QUICK : WHOLE
      await measureAll(command.names, {
        plan,
        databases,
        teardown,
        profileFolder: command.profileFolder,
        progress,
      })
    }
  } finally {
    await teardown.run()
  }
}

/** Reads the command line. A number instead of a command is the exit status after the usage. */
function readCommand(): Command | number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      profile: { type: 'string' },
      against: { type: 'string' },
      cases: { type: 'string' },
      pairs: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return 0
  const { against: revision } = values
  if (revision === undefined) {
    const given = positionals.length > 0 ? positionals : values.quick ? SECTION_NAMES : ['default']
    const names = given.flatMap(expand)
    if (names.some((name) => CASES[name] === undefined) || values.cases || values.pairs) return 2
    return { kind: 'yardsticks', names, isQuick: values.quick, profileFolder: values.profile }
  }
  const names = values.cases?.split(',') ?? Object.keys(PAIRED_CASES)
  const pairs = Number(values.pairs ?? PAIRS)
  const isKnown = names.every((name) => PAIRED_CASES[name] !== undefined)
  if (!isKnown || !Number.isInteger(pairs) || pairs < 1 || positionals.length > 0 || values.quick) return 2
  return { kind: 'against', revision, names, pairs }
}

const expand = (name: string): string[] => {
  const section = SECTION_NAMES.find((each) => each === name)
  return section === undefined ? [name] : Object.keys(SECTIONS[section])
}

/** Measures, prints the tables, and writes each section that is complete into the document. */
async function measureAll(names: string[], run: Run): Promise<void> {
  const reports: string[] = []
  const failed: string[] = []
  for (const section of SECTION_NAMES) {
    const all = Object.keys(SECTIONS[section])
    const given = all.filter((name) => names.includes(name))
    if (given.length === 0) continue
    const { measurements, failed: failedHere } = await within(LIMIT_MS[section], measureEach(given, run))
    failed.push(...failedHere)
    const report = `${circumstances(await run.databases.version())}\n\n${table(measurements)}`
    const isComplete = given.length === all.length && failedHere.length === 0
    if (isComplete && run.plan === WHOLE && run.profileFolder === undefined) writeSection(section, report)
    reports.push(report)
  }
  const end =
    failed.length === 0
      ? 'The answers were checked: all are right.'
      : `These cases failed: ${failed.join(', ')}.`
  process.stdout.write(`\n${reports.join('\n\n')}\n\n${end}\n`)
  if (failed.length > 0) process.exitCode = 1
}

/** A case that fails is logged, and leaves the figures of the others. Nothing that it has started disturbs them. */
async function measureEach(
  names: string[],
  run: Run,
): Promise<{ measurements: Measurement[]; failed: string[] }> {
  const measurements: Measurement[] = []
  const failed: string[] = []
  for (const name of names) {
    const teardown = new Teardown()
    run.teardown.add(() => teardown.run())
    try {
      const databases = run.databases.withTeardown(teardown)
      measurements.push(...((await CASES[name]?.({ ...run, teardown, databases })) ?? []))
    } catch (error) {
      console.error(`${name} failed:`, error)
      failed.push(name)
    }
    await teardown.run()
  }
  return { measurements, failed }
}

/** Fails after the limit, and on a signal, so that the teardown runs. */
async function within<Result>(limitMs: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const early = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs / 60_000} minutes`)), limitMs)
    process.once('SIGINT', () => reject(new Error('interrupted')))
    process.once('SIGTERM', () => reject(new Error('interrupted')))
  })
  return Promise.race([work, early]).finally(() => clearTimeout(timer))
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
