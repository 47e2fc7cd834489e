/** Something that happened, as receivers get it. */
export interface Event {
  id: bigint
  type: string
  createdAt: Date
  /** the JSON text that is signed and sent */
  body: string
}

/** What receivers get as JSON. */
export interface EventBody {
  event_id: number
  type: string
  /** Unix seconds, with microseconds */
  created: number
  data: unknown
}

export const parseBody = (body: string): EventBody => JSON.parse(body)
