import { randomUUID } from 'node:crypto'
import { Failure, type Problem, refuseProblems } from '../failure'
import type { Prisma, PrismaClient } from '../generated/prisma/client'
import type { Keyring } from '../secrets/keyring'
import { generateSecret } from '../secrets/signing-secret'
import {
  type Endpoint,
  type EndpointFilter,
  type EndpointInput,
  type EndpointOrder,
  type EndpointPage,
  type EndpointPatch,
  parseEndpointId,
} from './endpoint'
import { type InputRules, judgeInput, judgeStorable } from './judge-input'
import { type EndpointChange, likeLiterally, selectEndpoint, updateEndpoint } from './statements'

export const PAGE_LIMIT_DEFAULT = 20
export const PAGE_LIMIT_MAX = 100
/** The largest offset that PostgreSQL's integers and everybody's patience bear. */
const OFFSET_MAX = 2_147_483_647

/** Which part of a list; null and undefined mean the default. */
export interface Slice {
  orderBy?: EndpointOrder | null
  limit?: number | null
  offset?: number | null
}

/** Everything that is done to endpoints. Identifiers are taken as callers send them. */
export class Endpoints {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly keyring: Keyring,
    private readonly rules: InputRules,
  ) {}

  /** Undefined when there is none. */
  async find(id: string): Promise<Endpoint | undefined> {
    const number = parseEndpointId(id)
    return number === undefined ? undefined : selectEndpoint(this.prisma, number)
  }

  /** @throws Failure `validation_failed` */
  async list(filter: EndpointFilter, { orderBy, limit, offset }: Slice): Promise<EndpointPage> {
    const take = limit ?? PAGE_LIMIT_DEFAULT
    const skip = offset ?? 0
    refuseProblems([
      ...judgeRange('limit', take, 1, Number.MAX_SAFE_INTEGER),
      ...judgeRange('offset', skip, 0, OFFSET_MAX),
      ...judgeStorable(filter.targetContains ?? '', ['filter', 'targetContains']),
      ...judgeStorable(filter.eventType ?? '', ['filter', 'eventType']),
    ])
    const where: Prisma.EndpointWhereInput = {
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
        take: Math.min(take, PAGE_LIMIT_MAX),
        skip,
        include: { events: { orderBy: { type: 'asc' } } },
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
    refuseProblems(judgeInput(input, 'input', this.rules))
    const { eventTypes, ...fields } = changeOf(input)
    const secretId = randomUUID()
    return this.prisma.endpoint.create({
      data: {
        ...fields,
        target: input.target,
        events: { create: eventTypes?.map((type) => ({ type })) },
        secrets: {
          create: { id: secretId, sealed: new Uint8Array(this.keyring.seal(generateSecret(), secretId)) },
        },
      },
      include: { events: { orderBy: { type: 'asc' } } },
    })
  }

  /**
   * Changes the fields that the patch gives and no other.
   *
   * @throws Failure `validation_failed`, `not_found`, `version_conflict`
   */
  async update(id: string, patch: EndpointPatch): Promise<Endpoint> {
    refuseProblems(judgeInput(patch, 'patch', this.rules))
    return this.change(id, { ...changeOf(patch), expectedVersion: patch.expectedVersion ?? undefined })
  }

  /**
   * Puts a whole endpoint in the place of the stored one, whose identity, secrets and `addedAt` of events that stay
   * are kept.
   *
   * @throws Failure `validation_failed`, `not_found`, `version_conflict`
   */
  async replace(id: string, input: EndpointInput, expectedVersion?: number | null): Promise<Endpoint> {
    refuseProblems(judgeInput(input, 'input', this.rules))
    return this.change(id, { ...changeOf(input), expectedVersion: expectedVersion ?? undefined })
  }

  /** @throws Failure `not_found`, `version_conflict` */
  async delete(id: string, expectedVersion?: number | null): Promise<void> {
    const number = parseEndpointId(id)
    if (number === undefined) throw notFound(id)
    const version = expectedVersion ?? undefined
    const { count } = await this.prisma.endpoint.deleteMany({ where: { id: number, version } })
    if (count > 0) return
    const current = await selectEndpoint(this.prisma, number)
    throw current === undefined ? notFound(id) : versionConflict(current)
  }

  private async change(id: string, change: EndpointChange): Promise<Endpoint> {
    const number = parseEndpointId(id)
    const update = number === undefined ? undefined : await updateEndpoint(this.prisma, number, change)
    if (update === undefined) throw notFound(id)
    if (update.outcome === 'conflict') throw versionConflict(update.endpoint)
    return update.endpoint
  }
}

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

function judgeRange(name: string, value: number, least: number, most: number): Problem[] {
  if (value >= least && value <= most) return []
  const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `between ${least} and ${most}`
  return [{ path: [name], code: 'OUT_OF_RANGE', message: `${name} must be ${range}.` }]
}

const notFound = (id: string) =>
  new Failure('not_found', `There is no webhook endpoint ${JSON.stringify(id.slice(0, 40))}.`)

const versionConflict = (current: Endpoint) =>
  new Failure('version_conflict', `The webhook endpoint has changed: version ${current.version} is stored.`, {
    current,
  })
