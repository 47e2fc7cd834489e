import { parseArgs } from 'node:util'
import { deliveries } from './cases/deliveries'
import { idleLatency } from './cases/idle-latency'
import { requests } from './cases/requests'
import { attemptScale } from './cases/scale-attempts'
import { claimScale } from './cases/scale-claims'
import { startUp } from './cases/start-up'
import { Databases } from './databases'
import { type Plan, QUICK, SCALE_LIMIT_MS, WHOLE } from './plan'
import { circumstances, type Section, writeSection } from './report/document'
import type { Measurement } from './report/measurement'
import { table } from './report/table'
import type { Case, Run } from './run'
import { Teardown } from './teardown'

const USAGE = `Usage: npm run bench -- [--quick] [--profile FOLDER] [CASE ...]

  CASE       requests, deliveries, latency, start-up (these four unless given), claims, attempts,
             scale (claims and attempts)
  --quick    a minute instead of nine, too rough to be kept
  --profile  writes CPU profiles of the gateway into a folder; the figures suffer
`

const CASES: Record<string, Case> = {
  requests,
  deliveries,
  latency: idleLatency,
  'start-up': startUp,
  claims: claimScale,
  attempts: attemptScale,
}
const SECTIONS: Record<Section, string[]> = {
  default: ['requests', 'deliveries', 'latency', 'start-up'],
  scale: ['claims', 'attempts'],
}
const DEFAULT_SERVER = 'postgresql://postgres@127.0.0.1:5432/postgres'

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, profile: { type: 'string' }, help: { type: 'boolean' } },
  })
  const names = positionals.length === 0 ? SECTIONS.default : positionals.flatMap(expand)
  if (values.help || names.some((name) => CASES[name] === undefined)) {
    process.stdout.write(USAGE)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const plan = values.quick ? QUICK : WHOLE
  const teardown = new Teardown()
  const databases = new Databases(process.env.TEST_DATABASE_URL ?? DEFAULT_SERVER, teardown)
  const run: Run = {
    plan,
    databases,
    teardown,
    profileFolder: values.profile,
    say: (line) => void process.stderr.write(`${line}\n`),
  }
  const section = sectionOf(names)
  try {
    const measurements = await within(section === 'scale' ? { ...plan, limitMs: SCALE_LIMIT_MS } : plan, () =>
      measureAll(names, run),
    )
    const report = `${circumstances(await databases.version())}\n\n${table(measurements)}`
    process.stdout.write(`\n${report}\n\nEvery answer was looked at: none with another status than 2xx.\n`)
    if (section && !values.quick && !values.profile) writeSection(section, report)
  } finally {
    await teardown.run()
  }
}

const expand = (name: string): string[] => (name === 'scale' ? SECTIONS.scale : [name])

/** The section that these cases fill; part of one is not written down. */
const sectionOf = (names: string[]): Section | undefined =>
  (['default', 'scale'] as const).find((section) => SECTIONS[section].every((name) => names.includes(name)))

async function measureAll(names: string[], run: Run): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const name of names) measurements.push(...((await CASES[name]?.(run)) ?? []))
  return measurements
}

/** Gives up in time, or when it is told to, so that what was started is stopped and what was created is dropped. */
async function within<Result>({ limitMs }: Plan, act: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const early = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs / 60_000} minutes`)), limitMs)
    process.once('SIGINT', () => reject(new Error('interrupted')))
    process.once('SIGTERM', () => reject(new Error('interrupted')))
  })
  return Promise.race([act(), early]).finally(() => clearTimeout(timer))
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
