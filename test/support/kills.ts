import { setTimeout as sleep } from 'node:timers/promises'
import type { SpawnedGateway } from './gateway'
import type { Random } from './random'
import type { Received, TestReceiver } from './receiver'

/** The name of a process, which receivers get with each send. */
type Sender = string

/** Names a process: the name of its signature header contains its number. */
export const named = (nth: number) => ({ HOOKGATE_SIGNATURE_HEADER: `Sent-By-${nth}` })

export const senderOf = ({ headers }: Received): Sender =>
  Object.keys(headers).find((name) => name.startsWith('sent-by-')) ?? 'unknown'

export interface Killing {
  kills: number
  /** how many processes run at the same time */
  processes: number
  random: Random
  /** Starts the nth process, which is `named(nth)`. */
  spawn(nth: number): SpawnedGateway
  /** called after each kill */
  onKilled(kills: number): void
}

/**
 * Kills processes at random times: one while it starts, the next while it sends. Another one replaces each at once.
 *
 * @returns the names of the killed processes; their replacements are running
 */
export async function killAtRandomMoments({
  kills,
  processes,
  random,
  spawn,
  onKilled,
}: Killing): Promise<Set<Sender>> {
  const startedAt = Date.now()
  const alive = Array.from({ length: processes }, (_, nth) => ({ nth, child: spawn(nth) }))
  await Promise.all(alive.map(({ child }) => child.listening))
  // The time that a start takes on this machine.
  const startMs = Date.now() - startedAt
  const killed = new Set<Sender>()
  for (let kill = 1; kill <= kills; kill += 1) {
    const isToSend = kill % 2 === 0
    // The oldest process sends, the newest one starts.
    const victim = isToSend ? alive.shift() : alive.pop()
    if (!victim) throw new Error('There is no process to kill')
    if (isToSend) await victim.child.listening
    // A longer life would prove no more.
    await sleep(random.between(0, isToSend ? startMs / 2 : startMs))
    victim.child.process.kill('SIGKILL')
    await victim.child.exited
    killed.add(`sent-by-${victim.nth}`)
    onKilled(kill)
    const nth = processes + kill - 1
    alive.push({ nth, child: spawn(nth) })
  }
  await Promise.all(alive.map(({ child }) => child.listening))
  return killed
}

/**
 * Checks the events that arrived more than once: every sender but the last was killed before it could record its send.
 *
 * @param capacity how many sends a process has in flight at most
 * @returns how many arrivals were repetitions, and how many of the killed processes had sent anything
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
      // No process sends an event twice. Each sender but the last was killed before it recorded its send.
      expect(new Set(senders).size).toBe(senders.length)
      for (const sender of senders.slice(0, -1)) {
        expect(killed).toContain(sender)
        unrecorded.set(sender, (unrecorded.get(sender) ?? 0) + 1)
      }
    }
  }
  // As many sends as are in flight may have been answered and wait to be recorded.
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
