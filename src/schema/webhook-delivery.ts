import { GraphQLDateTime } from 'graphql-scalars'
import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
  registerEnumType,
} from 'type-graphql'
import { type Delivery, DeliveryStatus } from '../delivery/log/deliveries'
import {
  countDeliveries,
  type DeliveryFilter,
  findDeliveries,
  findDelivery,
  validateDeliveries,
} from '../delivery/log/find-deliveries'
import { scopeOf } from '../delivery/log/log-scope'
import { throwProblems } from '../failure'
import { deliveryId } from '../identifiers'
import { EMPTY_PAGE } from '../keyset-page'
import { type Connection, ConnectionArgs, connection, connectionOf } from './connection'
import type { Context } from './context'

registerEnumType(DeliveryStatus, {
  name: 'WebhookDeliveryStatus',
  description: 'The state of a delivery.',
  valuesConfig: {
    PENDING: { description: 'Waiting for the first try, for a retry, or until the endpoint is switched on.' },
    DELIVERED: { description: 'The receiver answered 2xx.' },
    FAILED: { description: 'Every try of the retry schedule failed, or the only try of a test send.' },
    CANCELLED: {
      description:
        'Before the event was delivered, the endpoint was deleted or no longer listened to the event type.',
    },
  },
})

@ObjectType({ description: 'One event on its way to one endpoint.' })
export class WebhookDelivery implements Omit<Delivery, 'eventId' | 'endpointId'> {
  @Field(() => DeliveryStatus, { description: 'The state of the delivery.' })
  status!: DeliveryStatus

  @Field(() => GraphQLDateTime, { description: 'When the event was published.' })
  createdAt!: Date

  @Field(() => Int, { description: 'The number of attempts on record.' })
  attemptCount!: number

  @Field(() => Int, { description: 'How many tries of the current retry schedule are used up.' })
  triesUsed!: number

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the next try is due. Null when no retry is planned.',
  })
  nextRetryAt!: Date | null
}

export const WebhookDeliveryConnection = connectionOf('WebhookDelivery', WebhookDelivery)

@InputType({
  description: 'Selects deliveries. Every condition given must hold. An empty list matches nothing.',
})
export class WebhookDeliveryFilter implements DeliveryFilter {
  @Field(() => ID, { nullable: true, description: 'Deliveries to this endpoint.' })
  endpointId?: string | null

  @Field(() => ID, { nullable: true, description: 'Deliveries of this event.' })
  eventId?: string | null

  @Field(() => String, { nullable: true, description: 'Deliveries of events of this type.' })
  eventType?: string | null

  @Field(() => [DeliveryStatus], { nullable: true, description: 'Deliveries in one of these states.' })
  status?: DeliveryStatus[] | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Deliveries of this time or later, by `createdAt`.',
  })
  since?: Date | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Deliveries before this time, by `createdAt`.',
  })
  until?: Date | null
}

export const DELIVERY_FILTER = { nullable: true, description: 'Which deliveries. Default: all.' }

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryResolver {
  @Query(() => WebhookDelivery, {
    nullable: true,
    description: 'One delivery. Null when there is no delivery with this id.',
  })
  async webhookDelivery(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, { description: 'The id of the delivery.' }) id: string,
  ): Promise<Delivery | undefined> {
    return findDelivery(core.query, id)
  }

  @Query(() => WebhookDeliveryConnection, { nullable: true, description: 'The deliveries, newest first.' })
  async webhookDeliveries(
    @Ctx() { core: { query } }: Context,
    @Arg('filter', () => WebhookDeliveryFilter, DELIVERY_FILTER) filter: WebhookDeliveryFilter | null,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<Delivery>> {
    const conditions = filter ?? {}
    throwProblems(validateDeliveries(conditions, page))
    const scope = scopeOf(conditions)
    const [found] = await findDeliveries(query, [scope], conditions, page)
    return connection(found ?? EMPTY_PAGE, page, () => countDeliveries(query, scope, conditions))
  }

  @FieldResolver(() => ID, { description: 'The id of the event and that of the endpoint, such as `12-3`.' })
  id(@Root() delivery: Delivery): string {
    return deliveryId(delivery.eventId, delivery.endpointId)
  }
}
