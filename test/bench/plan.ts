/** How long everything takes. Seconds are those under load; starting and checking come on top. */
export interface Plan {
  /** requests: every system is warmed up once and then driven this often, in turn */
  rounds: number
  warmUpSeconds: number
  roundSeconds: number
  /** deliveries: events published beforehand, each to 20 endpoints */
  events: number
  deliveryRounds: number
  /** deliveries by several processes: how often each number of them */
  replicaRounds: number
  /** idle latency: events published one at a time */
  publishes: number
  /** start-up: how often each database */
  starts: number
  /** the run is given up after this long: milliseconds */
  limitMs: number
  /** scale: deliveries pending, and attempts on record; the small number is the yardstick */
  pending: { small: number; large: number }
  attempts: { small: number; large: number }
}

const MINUTE = 60_000

/** `npm run bench`: under 10 minutes. */
export const WHOLE: Plan = {
  rounds: 5,
  warmUpSeconds: 3,
  roundSeconds: 1.5,
  events: 2_000,
  deliveryRounds: 3,
  replicaRounds: 2,
  publishes: 150,
  starts: 7,
  limitMs: 10 * MINUTE,
  pending: { small: 1_000, large: 1_000_000 },
  attempts: { small: 10_000, large: 10_000_000 },
}

/** `--quick`: about a minute, to see that everything works. Its figures are too rough to be kept. */
export const QUICK: Plan = {
  ...WHOLE,
  rounds: 2,
  warmUpSeconds: 0.5,
  roundSeconds: 0.5,
  events: 100,
  deliveryRounds: 1,
  replicaRounds: 1,
  publishes: 30,
  starts: 3,
  limitMs: 3 * MINUTE,
  pending: { small: 1_000, large: 50_000 },
  attempts: { small: 10_000, large: 500_000 },
}

/** Filling the tables of the scale cases takes most of their time. */
export const SCALE_LIMIT_MS = 10 * MINUTE
