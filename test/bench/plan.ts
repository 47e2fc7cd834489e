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
  /** scale: pending deliveries, and attempts in the database; the small number is the yardstick */
  pending: { small: number; large: number }
  attempts: { small: number; large: number }
  /** engine: rounds of the cases that deliver, and of those that measure latency */
  engineRounds: number
  latencyRounds: number
  /** pending deliveries with stale statistics; the large number is for the scale section */
  stalePending: { small: number; large: number }
  /** deliveries while a snapshot is open */
  snapshotDeliveries: number
  /** lanes that have something pending, and how long an idle worker is watched beside them */
  lanes: number
  idleMs: number
  /** events of one round of latency, and of one beside neighbours that hang; events for these neighbours */
  latencyPublishes: number
  stormPublishes: number
  stormEvents: number
  /** events at once for receivers that allow few requests a second */
  limitedEvents: number
  /** endpoints of one event type, and events for them */
  wideEndpoints: number
  widePublishes: number
  /** attempts older than the retention; the large number is for the scale section */
  oldAttempts: { small: number; large: number }
  /** events of 200 KB */
  largeEvents: number
}

const MINUTE = 60_000

/** Figures that may be kept. */
export const WHOLE: Plan = {
  rounds: 5,
  warmUpSeconds: 3,
  roundSeconds: 1.5,
  events: 2_000,
  deliveryRounds: 3,
  replicaRounds: 2,
  publishes: 150,
  starts: 7,
  pending: { small: 1_000, large: 1_000_000 },
  attempts: { small: 10_000, large: 10_000_000 },
  engineRounds: 3,
  latencyRounds: 5,
  stalePending: { small: 300_000, large: 1_000_000 },
  snapshotDeliveries: 100_000,
  lanes: 100_000,
  idleMs: 20_000,
  latencyPublishes: 60,
  stormPublishes: 220,
  stormEvents: 50,
  limitedEvents: 200,
  wideEndpoints: 100_000,
  widePublishes: 20,
  oldAttempts: { small: 1_000_000, large: 10_000_000 },
  largeEvents: 150,
}

/** `--quick`: every case in small, to see that everything works. Its figures are too rough to keep. */
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
  pending: { small: 1_000, large: 50_000 },
  attempts: { small: 10_000, large: 500_000 },
  engineRounds: 1,
  latencyRounds: 1,
  stalePending: { small: 10_000, large: 20_000 },
  snapshotDeliveries: 10_000,
  lanes: 2_000,
  idleMs: 2_000,
  latencyPublishes: 20,
  stormPublishes: 30,
  stormEvents: 10,
  limitedEvents: 40,
  wideEndpoints: 2_000,
  widePublishes: 3,
  oldAttempts: { small: 10_000, large: 20_000 },
  largeEvents: 20,
}

/** A run fails when one of its sections takes longer: milliseconds. */
export const LIMIT_MS = {
  default: 20 * MINUTE,
  // Filling the tables takes most of the time of the scale cases.
  scale: 30 * MINUTE,
  engine: 30 * MINUTE,
  scaling: 20 * MINUTE,
}

/** `--against`: about 25 minutes for all cases. */
export const AGAINST_LIMIT_MS = 45 * MINUTE
