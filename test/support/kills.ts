import { setTimeout as sleep } from 'node:timers/promises'
import type { SpawnedGateway } from './gateway'
import type { Random } from './random'
import type { Received, TestReceiver } from './receiver'

/** The name of a process, told to receivers with everything it sends. */
type Sender = string

/** Makes a process tell who it is: its number stands in the name of its signature header. */
export const named = (nth: number) => ({ HOOKGATE_SIGNATURE_HEADER: `Sent-By-${nth}` })

export const senderOf = ({ headers }: Received): Sender =>
  Object.keys(headers).find((name) => name.startsWith('sent-by-')) ?? 'unknown'

export interface Killing {
  kills: number
  /** how many processes work side by side */
  crew: number
  random: Random
  /** Starts the nth process, which is `named(nth)`. */
  spawn(nth: number): SpawnedGateway
  /** told after each kill */
  onKilled(kills: number): void
}

/**
 * Kills the processes of a crew in turn, at random moments of their lives: one while it starts, the next while it sends.
 * For each that dies another one starts at once.
 *
 * @returns who was killed; those that took their places are running
 */
export async function killAtRandomMoments({
  kills,
  crew,
  random,
  spawn,
  onKilled,
}: Killing): Promise<Set<Sender>> {
  const startedAt = Date.now()
  const alive = Array.from({ length: crew }, (_, nth) => ({ nth, child: spawn(nth) }))
  await Promise.all(alive.map(({ child }) => child.listening))
  // However slow this machine is.
  const startMs = Date.now() - startedAt
  const killed = new Set<Sender>()
  for (let kill = 1; kill <= kills; kill += 1) {
    const isToSend = kill % 2 === 0
    // The oldest is at work, the newest on its way up.
    const victim = isToSend ? alive.shift() : alive.pop()
    if (!victim) throw new Error('A crew needs somebody')
    if (isToSend) await victim.child.listening
    // A long life would show no more than a short one.
    await sleep(random.between(0, isToSend ? startMs / 2 : startMs))
    victim.child.process.kill('SIGKILL')
    await victim.child.exited
    killed.add(`sent-by-${victim.nth}`)
    onKilled(kill)
    const nth = crew + kill - 1
    alive.push({ nth, child: spawn(nth) })
  }
  await Promise.all(alive.map(({ child }) => child.listening))
  return killed
}

/**
 * Judges what arrived more than once: each time but one it was sent by a process that was killed before it could
 * write that down.
 *
 * @param capacity how many sends a process has in flight at most
 * @returns how many arrivals were repetitions, and how many of the killed had sent anything at all
 */
export function expectRepeatsExplained(
  receivers: TestReceiver[],
  killed: Set<Sender>,
  capacity: number,
): { repeats: number; killedWhileSending: number } {
  const unrecorded = new Map<Sender, number>()
  const everSent = new Set<Sender>()
  let repeats = 0
  for (const { received } of receivers) {
    for (const senders of sendersByEvent(received).values()) {
      for (const sender of senders) everSent.add(sender)
      if (senders.length === 1) continue
      repeats += senders.length - 1
      // Nobody sends anything twice, and whoever did not write down what he sent was killed. The last one did.
      expect(new Set(senders).size).toBe(senders.length)
      for (const sender of senders.slice(0, -1)) {
        expect(killed).toContain(sender)
        unrecorded.set(sender, (unrecorded.get(sender) ?? 0) + 1)
      }
    }
  }
  // As many as are in flight may have been answered and wait to be written down.
  expect([...unrecorded].filter(([, count]) => count > 2 * capacity)).toEqual([])
  return { repeats, killedWhileSending: [...killed].filter((sender) => everSent.has(sender)).length }
}

function sendersByEvent(received: Received[]): Map<number, Sender[]> {
  const senders = new Map<number, Sender[]>()
  for (const webhook of received) {
    const known = senders.get(webhook.eventId)
    if (known) known.push(senderOf(webhook))
    else senders.set(webhook.eventId, [senderOf(webhook)])
  }
  return senders
}
