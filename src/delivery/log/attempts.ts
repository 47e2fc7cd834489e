import type { Event } from '../../events/event'
import { endpointNotFound } from '../../failure'
import type { Prisma, PrismaClient } from '../../generated/prisma/client'
import { AttemptError } from '../../generated/prisma/enums'
import { parseEndpointId, parseEventId } from '../../identifiers'

export { AttemptError }

/** One send and what came of it, as it is on record. */
export interface Attempt {
  id: bigint
  event: Event
  number: number
  createdAt: Date
  /** null when not one byte went out */
  sentAt: Date | null
  signatureHeader: string
  responseStatus: number | null
  responseBody: string | null
  responseTruncated: boolean
  durationMs: number | null
  error: AttemptError | null
  nextRetryAt: Date | null
}

export const ATTEMPT_ORDERS = [
  'CREATED_AT_ASC',
  'CREATED_AT_DESC',
  'SENT_AT_ASC',
  'SENT_AT_DESC',
  'NEXT_RETRY_ASC',
  'NEXT_RETRY_DESC',
] as const

export type AttemptOrder = (typeof ATTEMPT_ORDERS)[number]

/** Every condition given must hold. */
export interface AttemptFilter {
  eventId?: string | null
  /** true = delivered, false = failed */
  isSuccessful?: boolean | null
  error?: AttemptError | null
}

/** Reads what was attempted. */
export class Attempts {
  constructor(private readonly prisma: PrismaClient) {}

  /**
   * The attempts of an endpoint. Without a filter their number is not counted but read, so a page costs the same
   * however many there are.
   *
   * @param take at most how many
   * @throws Failure `not_found`
   */
  async list(
    endpointId: string,
    filter: AttemptFilter,
    orderBy: AttemptOrder,
    { take, skip }: { take: number; skip: number },
  ): Promise<{ totalCount: number; nodes: Attempt[] }> {
    const id = await this.requireEndpoint(endpointId)
    const where = conditionOf(id, filter)
    const isFiltered = Object.keys(where).length > 1
    const [totalCount, nodes] = await Promise.all([
      isFiltered ? this.prisma.attempt.count({ where }) : this.count(id),
      this.prisma.attempt.findMany({ where, orderBy: ORDER_BY[orderBy], take, skip, include: WITH_EVENT }),
    ])
    return { totalCount, nodes: nodes.map(withEvent) }
  }

  private async count(endpointId: number): Promise<number> {
    const row = await this.prisma.attemptCount.findUnique({ where: { endpointId } })
    return Number(row?.count ?? 0)
  }

  private async requireEndpoint(endpointId: string): Promise<number> {
    const id = parseEndpointId(endpointId)
    const known = id && (await this.prisma.endpoint.count({ where: { id, deletedAt: null } })) > 0
    if (!known) throw endpointNotFound(endpointId)
    return id
  }
}

const WITH_EVENT = { delivery: { select: { event: true } } } satisfies Prisma.AttemptInclude

/** One attempt that is known to be on record. */
export async function readAttempt(prisma: PrismaClient, id: bigint): Promise<Attempt> {
  return withEvent(await prisma.attempt.findUniqueOrThrow({ where: { id }, include: WITH_EVENT }))
}

const withEvent = ({
  delivery,
  ...attempt
}: Prisma.AttemptGetPayload<{ include: typeof WITH_EVENT }>): Attempt => ({
  ...attempt,
  event: delivery.event,
})

function conditionOf(
  endpointId: number,
  { eventId, isSuccessful, error }: AttemptFilter,
): Prisma.AttemptWhereInput {
  const where: Prisma.AttemptWhereInput = { endpointId }
  // An id that is none matches nothing.
  if (eventId != null) where.eventId = parseEventId(eventId) ?? -1n
  if (isSuccessful === true) where.error = null
  if (isSuccessful === false) where.error = { not: null }
  if (error != null) where.AND = { error }
  return where
}

/** Each by an index. Instants that are unknown come last going up and first going down, as PostgreSQL has it. */
const ORDER_BY = {
  CREATED_AT_ASC: [{ createdAt: 'asc' }, { id: 'asc' }],
  CREATED_AT_DESC: [{ createdAt: 'desc' }, { id: 'desc' }],
  SENT_AT_ASC: [{ sentAt: 'asc' }, { id: 'asc' }],
  SENT_AT_DESC: [{ sentAt: 'desc' }, { id: 'desc' }],
  NEXT_RETRY_ASC: [{ nextRetryAt: 'asc' }, { id: 'asc' }],
  NEXT_RETRY_DESC: [{ nextRetryAt: 'desc' }, { id: 'desc' }],
} satisfies Record<AttemptOrder, Prisma.AttemptOrderByWithRelationInput[]>
