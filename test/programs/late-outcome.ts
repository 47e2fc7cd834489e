import { randomUUID } from 'node:crypto'
import { type ClaimedDelivery, claimDeliveries } from '../../src/delivery/queue/claims/claim-deliveries'
import { type FinishedAttempt, recordAttempts } from '../../src/delivery/queue/recording/record-attempts'
import type { FromJson } from '../support/program'
import { type Environment, serveCommands } from './commands'
import { coreCommands, type OpenCore, openCore } from './core'

export type LateOutcomeCommands = ReturnType<typeof lateOutcomeCommands>

/** The result of a send, less what identifies the send. */
export type Result = Pick<FinishedAttempt, 'outcome' | 'responseStatus' | 'error' | 'retryInMs'>

/** Claims and records as any number of processes do, each with an owner id and a clock of its own. */
function lateOutcomeCommands(opened: OpenCore) {
  const { database } = opened.core
  return {
    ...coreCommands(opened),
    async claim(owner: string, clockOffsetMs: number) {
      const limits = {
        slots: 10,
        slotsPerEndpoint: 10,
        otherSlots: 10,
        lanes: [],
        afterEndpoint: 0,
        leaseMs: 10_000,
      }
      const { claimed } = await database.asyncCommitTransaction((query) =>
        claimDeliveries(query, { ...limits, owner, clockOffsetMs }),
      )
      const [delivery] = claimed
      if (!delivery) throw new Error('Nothing is due')
      return delivery
    },
    async record(owner: string, clockOffsetMs: number, delivery: FromJson<ClaimedDelivery>, result: Result) {
      const { eventId, endpointId, number, resendCount } = delivery
      const attempt: FinishedAttempt = {
        sendId: randomUUID(),
        eventId: String(eventId),
        endpointId,
        number,
        trigger: 'SCHEDULE',
        resendCount,
        sentAt: null,
        signatureHeader: '',
        responseBody: null,
        responseTruncated: false,
        durationMs: 1,
        errorDetail: null,
        restMs: null,
        isGone: false,
        ...result,
      }
      await recordAttempts(database.query, { owner, clockOffsetMs }, [attempt])
    },
  }
}

serveCommands(async (env: Environment) => lateOutcomeCommands(await openCore(env)))
