import { batchedReads } from '../database/batched-reads'
import type { Query } from '../database/query'
import { endpointNotFound, Failure, type Problem, throwProblems } from '../failure'
import type { Prisma, PrismaClient } from '../generated/prisma/client'
import { parseEndpointId } from '../identifiers'
import { pageRange } from '../page-range'
import type { Keyring } from '../secrets/keyring'
import { newSecretRow } from '../secrets/signing-secret'
import {
  type Endpoint,
  type EndpointFilter,
  type EndpointInput,
  type EndpointOrder,
  type EndpointPage,
  type EndpointPatch,
} from './endpoint'
import {
  deleteEndpoint,
  type EndpointChange,
  likeLiterally,
  selectEndpoints,
  updateEndpoint,
} from './statements'
import { type InputRules, validateEndpoint, validateText } from './validate-endpoint'

/** Which part of a list; null and undefined mean the default. */
export interface Slice {
  orderBy?: EndpointOrder | null
  limit?: number | null
  offset?: number | null
}

/**
 * Everything that is done to endpoints. Identifiers are taken as callers send them; `ring` wakes the workers, for
 * which a change may mean new work.
 */
export class Endpoints {
  private readonly read = batchedReads((ids: number[]) => selectEndpoints(this.query, ids))

  constructor(
    private readonly prisma: PrismaClient,
    private readonly query: Query,
    private readonly keyring: Keyring,
    private readonly rules: InputRules,
    private readonly notifyWorkers: () => void,
  ) {}

  /** What is wrong with the fields that are given, be they all or some. */
  judge(given: EndpointPatch): Problem[] {
    return validateEndpoint(given, 'input', this.rules)
  }

  /** Undefined when there is none. */
  async find(id: string): Promise<Endpoint | undefined> {
    const number = parseEndpointId(id)
    return number === undefined ? undefined : this.read(number)
  }

  /** The endpoint that a delivery goes to, deleted ones included. */
  async ofDelivery(id: number): Promise<Endpoint> {
    return this.prisma.endpoint.findUniqueOrThrow({ where: { id }, include: WITH_EVENTS })
  }

  /** @throws Failure `validation_failed` */
  async list(filter: EndpointFilter, { orderBy, limit, offset }: Slice): Promise<EndpointPage> {
    const { take, skip } = pageRange({ limit, offset }, [
      ...validateText(filter.targetContains ?? '', ['filter', 'targetContains']),
      ...validateText(filter.eventType ?? '', ['filter', 'eventType']),
    ])
    const where: Prisma.EndpointWhereInput = {
      deletedAt: null,
      target: filter.targetContains
        ? { contains: likeLiterally(filter.targetContains), mode: 'insensitive' }
        : undefined,
      isActive: filter.isActive ?? undefined,
      events: filter.eventType ? { some: { type: filter.eventType } } : undefined,
    }
    const [totalCount, nodes] = await Promise.all([
      this.prisma.endpoint.count({ where }),
      this.prisma.endpoint.findMany({
        where,
        orderBy: ORDER_BY[orderBy ?? 'CREATED_AT_DESC'],
        take,
        skip,
        include: WITH_EVENTS,
      }),
    ])
    return { totalCount, nodes }
  }

  /**
   * Creates an endpoint with its first signing secret.
   *
   * @throws Failure `validation_failed`
   */
  async create(input: EndpointInput): Promise<Endpoint> {
    throwProblems(validateEndpoint(input, 'input', this.rules))
    const { eventTypes, ...fields } = changeOf(input)
    return this.prisma.endpoint.create({
      data: {
        ...fields,
        target: input.target,
        events: { create: eventTypes?.map((type) => ({ type })) },
        secrets: { create: newSecretRow(this.keyring) },
      },
      include: WITH_EVENTS,
    })
  }

  /**
   * Changes the fields that the patch gives and no other.
   *
   * @throws Failure `validation_failed`, `not_found`, `version_conflict`
   */
  async update(id: string, patch: EndpointPatch): Promise<Endpoint> {
    throwProblems(validateEndpoint(patch, 'patch', this.rules))
    return this.change(id, { ...changeOf(patch), expectedVersion: patch.expectedVersion ?? undefined })
  }

  /**
   * Puts a whole endpoint in the place of the stored one, whose identity, secrets and `addedAt` of events that stay
   * are kept.
   *
   * @throws Failure `validation_failed`, `not_found`, `version_conflict`
   */
  async replace(id: string, input: EndpointInput, expectedVersion?: number | null): Promise<Endpoint> {
    throwProblems(validateEndpoint(input, 'input', this.rules))
    return this.change(id, { ...changeOf(input), expectedVersion: expectedVersion ?? undefined })
  }

  /** @throws Failure `not_found`, `version_conflict` */
  async delete(id: string, expectedVersion?: number | null): Promise<void> {
    const number = parseEndpointId(id)
    if (number === undefined) throw endpointNotFound(id)
    const deletion = await deleteEndpoint(this.prisma, number, expectedVersion ?? undefined)
    if (deletion === undefined) throw endpointNotFound(id)
    if (deletion.outcome === 'conflict') throw versionConflict(deletion.endpoint)
  }

  private async change(id: string, change: EndpointChange): Promise<Endpoint> {
    const number = parseEndpointId(id)
    const update = number === undefined ? undefined : await updateEndpoint(this.query, number, change)
    if (update === undefined) throw endpointNotFound(id)
    if (update.outcome === 'conflict') throw versionConflict(update.endpoint)
    // Nothing else makes a delivery due.
    if (update.outcome === 'changed' && change.isActive) this.notifyWorkers()
    return update.endpoint
  }
}

const WITH_EVENTS = { events: { orderBy: { type: 'asc' } } } satisfies Prisma.EndpointInclude

/** Ties are broken by id, so that pages never overlap. */
const ORDER_BY = {
  CREATED_AT_ASC: [{ createdAt: 'asc' }, { id: 'asc' }],
  CREATED_AT_DESC: [{ createdAt: 'desc' }, { id: 'desc' }],
  UPDATED_AT_ASC: [{ updatedAt: 'asc' }, { id: 'asc' }],
  UPDATED_AT_DESC: [{ updatedAt: 'desc' }, { id: 'desc' }],
  IS_ACTIVE_ASC: [{ isActive: 'asc' }, { id: 'asc' }],
  IS_ACTIVE_DESC: [{ isActive: 'desc' }, { id: 'desc' }],
} satisfies Record<EndpointOrder, Prisma.EndpointOrderByWithRelationInput[]>

/** What a judged patch or input writes. A null description is an empty one; no other null passes the judge. */
function changeOf(given: EndpointPatch | EndpointInput): EndpointChange {
  return {
    target: given.target ?? undefined,
    description: given.description === null ? '' : given.description,
    isActive: given.isActive ?? undefined,
    sslCertVerification: given.sslCertVerification ?? undefined,
    eventTypes: given.events ? [...new Set(given.events.map(({ type }) => type))] : undefined,
  }
}

const versionConflict = (current: Endpoint) =>
  new Failure('version_conflict', `The webhook endpoint has changed: version ${current.version} is stored.`, {
    current,
  })
