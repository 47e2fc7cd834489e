import { randomUUID } from 'node:crypto'
import type { Core } from '../../src/core'
import { fanOut } from '../../src/delivery/fan-out/fan-out'
import { claimDeliveries } from '../../src/delivery/queue/claims/claim-deliveries'
import { renewLeases } from '../../src/delivery/queue/claims/leases'
import { type FinishedAttempt, recordAttempts } from '../../src/delivery/queue/recording/record-attempts'
import { resendEvents } from '../../src/delivery/resend'
import { Failure } from '../../src/failure'
import type { QueuedDelivery } from '../../src/generated/prisma/client'
import { prune } from '../../src/retention/prune'
import { type Environment, serveCommands } from './commands'
import { coreCommands, type OpenCore, openCore } from './core'

export type LockContentionCommands = ReturnType<typeof lockContentionCommands>

/** How often each operation succeeded, what they did, and their unexpected errors. */
export interface ContentionResult {
  rounds: Record<string, number>
  recorded: number
  /** partitions whose events were removed, and whose tables were dropped */
  emptied: number
  dropped: number
  errors: string[]
}

export interface ContentionSettings {
  /** of each operation */
  rounds: number
  /** how many events there are at any time */
  events: number
  endpointIds: number[]
}

const RETENTION_DAYS = 30
/** How often one round tries to remove events. */
const TRIES = 5

/**
 * Runs everything that locks several deliveries at the same time, each operation on deliveries in a random order. All
 * of them hold the same leases: with leases of their own they would not touch the same rows.
 */
function lockContentionCommands(opened: OpenCore) {
  return {
    ...coreCommands(opened),
    async contend(settings: ContentionSettings): Promise<ContentionResult> {
      const result: ContentionResult = { rounds: {}, recorded: 0, emptied: 0, dropped: 0, errors: [] }
      const operations = contendingOperations(opened.core, settings, result)
      const repeat = async (name: keyof typeof operations) => {
        for (let round = 0; round < settings.rounds; round += 1) {
          try {
            await operations[name]()
            result.rounds[name] = (result.rounds[name] ?? 0) + 1
          } catch (error) {
            if (!isRemovedMeanwhile(name, error)) result.errors.push(`${name}: ${(error as Error).message}`)
          }
        }
      }
      await Promise.all(
        (
          [
            'claim',
            'renew',
            'record',
            'resend',
            'prune',
            'publish',
            'fanOut',
            'renew',
            'record',
            'resend',
            'fanOut',
          ] as const
        ).map(repeat),
      )
      return result
    },
  }
}

/** Events that a resend was about to name were removed between its two statements. */
const isRemovedMeanwhile = (operation: string, error: unknown) =>
  operation === 'resend' && error instanceof Failure && error.kind === 'validation_failed'

function contendingOperations(
  core: Core,
  { events, endpointIds }: ContentionSettings,
  result: ContentionResult,
) {
  const { prisma, query, database } = core
  const owner = randomUUID()
  const holder = { owner, clockOffsetMs: 0 }
  const leaseMs = 10_000
  const someDeliveries = async () => some(await prisma.queuedDelivery.findMany())
  return {
    claim: () =>
      database.asyncCommitTransaction((transaction) =>
        claimDeliveries(transaction, {
          owner,
          slots: 300,
          slotsPerEndpoint: 150,
          otherSlots: 300,
          lanes: [],
          afterEndpoint: 0,
          leaseMs,
          clockOffsetMs: 0,
        }),
      ),
    async renew() {
      await renewLeases(prisma, holder, await someDeliveries(), leaseMs)
    },
    async record() {
      const attempts = (await someDeliveries()).map(randomAttempt)
      result.recorded += (await recordAttempts(query, holder, attempts)).length
    },
    async resend() {
      const eventIds = some(await prisma.event.findMany()).map(({ id }) => String(id))
      await resendEvents(core, String(shuffled(endpointIds)[0]), eventIds)
    },
    /** Two months pass: the events of the last call are removed, and later ones go to the next partition. */
    async prune() {
      await prisma.$executeRaw`
        UPDATE event_partitions SET opened_at = opened_at - interval '60 days', closed_at = closed_at - interval '60 days',
          emptied_at = emptied_at - interval '60 days'`
      const countEmptied = () => prisma.eventPartition.count({ where: { emptiedAt: { not: null } } })
      const before = await countEmptied()
      // Claims and resends lock the tables of every partition for some milliseconds: one try may find no moment without them.
      const emptied: bigint[] = []
      for (let tries = 0; tries < TRIES && emptied.length === 0; tries += 1) {
        const pruned = await prune(prisma, {
          retentionDays: RETENTION_DAYS,
          isStopping: () => false,
          onFailure,
        })
        emptied.push(...pruned.emptied)
      }
      result.emptied += emptied.length
      result.dropped += before + emptied.length - (await countEmptied())
    },
    /**
     * Makes deliveries again, as if a worker had made none yet. In the gateway an event has its row of fan_outs before anybody can
     * resend it. Here a resend may have looked for the row already: the locks wait for it.
     */
    async fanOut() {
      const ids = some(await prisma.event.findMany()).map(({ id }) => id)
      await prisma.$transaction([
        prisma.$executeRaw`SELECT lock_resend(id, '{}') FROM unnest(${endpointIds}::integer[]) AS id ORDER BY id`,
        prisma.$executeRaw`
          INSERT INTO fan_outs (event_id, type) SELECT unnest(${ids}::bigint[]), 'post.created' ON CONFLICT DO NOTHING`,
      ])
      await fanOut(query, '0')
    },
    /** Replaces the events that were removed. */
    async publish() {
      const missing = events - (await prisma.event.count())
      if (missing <= 0) return
      await prisma.$executeRaw`
        SELECT publish_event('post.created', '{}', '', NULL, NULL) FROM generate_series(1, ${missing}::integer)`
    },
  }
}

function onFailure(error: unknown): never {
  throw error
}

let sends = 0

const OUTCOMES: FinishedAttempt['outcome'][] = ['delivered', 'retry', 'failed', 'aborted']

function randomAttempt({ eventId, endpointId, resendCount }: QueuedDelivery): FinishedAttempt {
  sends += 1
  return {
    sendId: randomUUID(),
    eventId: String(eventId),
    endpointId,
    number: sends,
    trigger: 'SCHEDULE',
    resendCount,
    sentAt: null,
    signatureHeader: '',
    responseStatus: 500,
    responseBody: null,
    responseTruncated: false,
    durationMs: 1,
    error: null,
    errorDetail: null,
    outcome: shuffled(OUTCOMES)[0] ?? 'retry',
    retryInMs: 0,
    restMs: null,
    isGone: false,
  }
}

function shuffled<Item>(list: Item[]): Item[] {
  return list
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}

/** 70 % of them, in a random order. */
const some = <Item>(list: Item[]): Item[] => shuffled(list).slice(0, Math.ceil(list.length * 0.7))

serveCommands(async (env: Environment) => lockContentionCommands(await openCore(env)))
