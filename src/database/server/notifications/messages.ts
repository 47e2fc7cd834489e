/** Deliveries are due. The SQL function notify_workers writes the same form. */
export interface DueMessage {
  kind: 'due'
  /** how many, as far as the sender knows: at least 1 */
  deliveries: number
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
  if (message.kind !== 'due') return `${message.kind} ${message.id}`
  const { deliveries, seed, from = '' } = message
  return `due ${deliveries} ${seed} ${from}`.trim()
}

/** @returns undefined for a text of another form, such as an empty one: it wakes every worker */
export function parseMessage(text: string): Message | undefined {
  const [kind, first, second, from] = text.split(' ')
  if ((kind === 'here' || kind === 'gone') && first) return { kind, id: first }
  const deliveries = Number(first)
  return kind === 'due' && deliveries >= 1 && second ? { kind, deliveries, seed: second, from } : undefined
}
