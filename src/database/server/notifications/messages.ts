/** Deliveries are due, or events must be fanned out. The SQL function notify_workers writes the same form. */
export interface DueMessage {
  kind: 'deliveries' | 'fan-out'
  /** how many, as far as the sender knows: at least 1 */
  count: number
  /** decides whom the message is for, see Peers.rank */
  seed: string
  /** id of the worker in the process that sends the message: this worker needs none; undefined = there is no worker */
  from?: string | undefined
}

/** A worker listens (`here`), or listens no more (`gone`). */
export interface WorkerMessage {
  kind: 'here' | 'gone'
  id: string
}

/** A text for all that listen on workers_channel. */
export type Message = DueMessage | WorkerMessage

export function messageText(message: Message): string {
  if ('id' in message) return `${message.kind} ${message.id}`
  const { kind, count, seed, from = '' } = message
  return `${kind} ${count} ${seed} ${from}`.trim()
}

/** @returns undefined for a text of another form, such as an empty one: it wakes every worker */
export function parseMessage(text: string): Message | undefined {
  const [kind, first, second, from] = text.split(' ')
  if ((kind === 'here' || kind === 'gone') && first) return { kind, id: first }
  const isDue = (kind === 'deliveries' || kind === 'fan-out') && Number(first) >= 1 && second
  return isDue ? { kind, count: Number(first), seed: second, from } : undefined
}
