/**
 * Terms, as all of delivery/ uses them:
 *
 * - delivery: one event for one endpoint; a row of the table queue while it is pending, then of ended_deliveries.
 * - attempt: one send of a delivery, and its result; a row of the table attempts. It may fail before a byte is sent.
 * - try: an attempt that uses up a step of the retry schedule. An attempt that the gateway itself aborted is no try.
 * - lease: the right of one process to send a delivery. A lease expires unless its process renews it.
 * - lane: the pending deliveries of one endpoint. Claims look into the lanes that are awake; others sleep until something in them is
 *   due (queue/lanes).
 * - fan-out: making the deliveries of an event. When very many endpoints listen, workers do that in batches, after the publish.
 * - claim: one transaction that leases due deliveries and starts their sends.
 * - send slot: capacity for one send in flight; limited in all and per endpoint.
 * - permit: the permission to write the request of one send. A claim gives it. While no connection is open it ends, and a permit
 *   check, in a transaction of its own, must give it again.
 *
 * When a process dies, no delivery is lost, but a delivery may be sent twice:
 *
 * - Within a batch of a fan-out: the database rolls the batch back, and a worker makes it again.
 * - Before its claim is committed: the database rolls the claim back, and the delivery is due at once. Its request may have been
 *   written already, because a claim writes its requests on open connections before it commits.
 * - After the commit of its claim: the lease expires, within 10 s. Then another process sends the delivery again, or the same one
 *   after its restart. Neither can know whether the request was written.
 * - After the receiver's answer, before its attempt is on record: the same. The delivery is sent again even if the answer was 2xx.
 * - After a 410, before the attempt is on record: the endpoint is switched off already, and no attempt shows why.
 * - On the embedded database no other process can hold a lease. A start releases the leases that are left, so their deliveries are
 *   due at once.
 * - A test send is not sent again. Its delivery is stored as failed before the send, and stays failed, without an attempt.
 *
 * An attempt that was lost in this way uses up no try, and the next attempt has its number. Two attempts on record have the same
 * number when their process was only cut off from the database: its lease expired, another process sent the delivery, and
 * the first process recorded its attempt later.
 */

import type { Database } from '../database/database'
import { FanOutLoop, type FanOutOptions } from './fan-out/fan-out-loop'
import { releaseAbandonedLeases } from './queue/claims/leases'
import { Dispatcher, type DispatcherOptions } from './queue/dispatcher'
import { startVacuum } from './vacuum'

export interface DeliveryOptions extends DispatcherOptions {
  database: DispatcherOptions['database'] & FanOutOptions['database'] & Pick<Database, 'vacuum'>
  /** true = no other process can use the database, because it is embedded: every lease was left by a process that died */
  isOnlyProcess: boolean
}

/** The delivering part of a process with the role `worker`. */
export interface Delivery {
  /** See Dispatcher.stop and FanOutLoop.stop. A second call waits for the first one. */
  stop(withinMs: number): Promise<void>
}

/**
 * Starts the dispatcher and the loop that fans out, which notifications wake.
 *
 * @throws Error when the database does not answer
 */
export async function startDelivery(options: DeliveryOptions): Promise<Delivery> {
  const { database, log, isOnlyProcess } = options
  if (isOnlyProcess) await releaseAbandonedLeases(database.prisma)
  const dispatcher = new Dispatcher(options)
  const fanOuts = new FanOutLoop(options)
  const endNotifications = database.notifications.register({
    wake: (deliveries) => dispatcher.wake(deliveries),
    lookIn: (milliseconds) => dispatcher.lookIn(milliseconds),
    fanOutIn: (milliseconds) => fanOuts.lookIn(milliseconds),
  })
  dispatcher.start()
  fanOuts.start()
  const vacuum = startVacuum({ database, log, recorded: () => dispatcher.recorded })
  let stopped: Promise<unknown> | undefined
  return {
    async stop(withinMs) {
      stopped ??= Promise.all([
        endNotifications(),
        dispatcher.stop(withinMs),
        fanOuts.stop(withinMs),
        vacuum.stop(),
      ])
      await stopped
    },
  }
}
