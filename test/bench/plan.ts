/** The length of every part of a run. Seconds are seconds under load; starts and checks need time of their own. */
export interface Plan {
  /** requests: rounds in which every system is driven once, after one warm-up of each */
  rounds: number
  warmUpSeconds: number
  roundSeconds: number
  /** deliveries: events published before the measurement, each to 20 endpoints */
  events: number
  deliveryRounds: number
  /** deliveries by several processes: rounds with each number of processes */
  replicaRounds: number
  /** idle latency: events published one at a time */
  publishes: number
  /** start-up: starts on each database */
  starts: number
  /** the run fails when it takes longer: milliseconds */
  limitMs: number
  /** scale: pending deliveries, and attempts in the database; the small number is the yardstick */
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

/** `--quick`: about a minute, to see that everything works. Its figures are too rough to keep. */
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

/** Filling the tables takes most of the time of the scale cases. */
export const SCALE_LIMIT_MS = 10 * MINUTE

/** `--against`: about 20 minutes for all cases. */
export const AGAINST_LIMIT_MS = 45 * MINUTE
