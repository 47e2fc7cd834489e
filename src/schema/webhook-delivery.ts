import { GraphQLDateTime } from 'graphql-scalars'
import { Ctx, Field, FieldResolver, ID, Int, ObjectType, Resolver, Root, registerEnumType } from 'type-graphql'
import { type Delivery, DeliveryStatus } from '../delivery/log/deliveries'
import type { Endpoint } from '../endpoints/endpoint'
import { deliveryId } from '../identifiers'
import type { Context } from './context'
import { WebhookEndpoint } from './webhook-endpoint'

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

  @Field(() => Int, { description: 'The number of attempts on record.' })
  attemptCount!: number

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the next try is due. Null when no retry is planned.',
  })
  nextRetryAt!: Date | null
}

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryResolver {
  @FieldResolver(() => ID, { description: 'The id of the event and that of the endpoint, such as `12-3`.' })
  id(@Root() delivery: Delivery): string {
    return deliveryId(delivery.eventId, delivery.endpointId)
  }

  @FieldResolver(() => WebhookEndpoint, { description: 'The receiver, also when the endpoint is deleted.' })
  async endpoint(@Root() delivery: Delivery, @Ctx() { loaders }: Context): Promise<Endpoint | undefined> {
    return loaders.receiverById.load(delivery.endpointId)
  }
}
