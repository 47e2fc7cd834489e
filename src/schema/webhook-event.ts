import { GraphQLDateTime, GraphQLJSON } from 'graphql-scalars'
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  Float,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
  registerEnumType,
} from 'type-graphql'
import { type Delivery, DeliveryStatus, readDeliveries } from '../delivery/log/deliveries'
import { readReceivers } from '../endpoints/find-endpoints'
import { type Event, findEvent, parseBody } from '../events/event'
import { type PublishedEvent, type PublishInput, publishEvent } from '../events/publish-event'
import type { Context } from './context'
import { WebhookEndpoint } from './webhook-endpoint'

registerEnumType(DeliveryStatus, {
  name: 'WebhookDeliveryStatus',
  description: 'How far an event has come on its way to an endpoint.',
  valuesConfig: {
    PENDING: { description: 'Waiting for its first try, a retry, or for the endpoint to be switched on.' },
    DELIVERED: { description: 'The receiver answered 2xx.' },
    FAILED: { description: 'The retry schedule is used up.' },
    CANCELLED: { description: 'The endpoint was deleted before it was delivered.' },
  },
})

@ObjectType({ description: 'Something that happened, as receivers get it.' })
export class WebhookEvent {
  id!: bigint

  @Field(() => String, { description: 'Its event type, such as `post.created`.' })
  type!: string

  @Field(() => GraphQLDateTime, { description: 'When it was published.' })
  createdAt!: Date

  body!: string
  repeated?: boolean
}

@ObjectType({ description: 'One event on its way to one endpoint.' })
export class WebhookDelivery {
  id!: bigint

  @Field(() => DeliveryStatus, { description: 'How far it has come.' })
  status!: DeliveryStatus

  @Field(() => Int, { description: 'How many attempts are on record.' })
  attemptCount!: number

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it is tried again; null when it is not.',
  })
  nextRetryAt!: Date | null

  endpointId!: number
}

@InputType({ description: 'An event to publish.' })
export class PublishWebhookEventInput implements PublishInput {
  @Field(() => String, { description: 'An event type of the catalogue.' })
  type!: string

  @Field(() => GraphQLJSON, { description: 'What receivers get as `data`: at most 256 KiB of JSON.' })
  data!: unknown

  @Field(() => String, {
    nullable: true,
    description: 'Chosen by the publisher: the same key and content within 24 hours is the same event.',
  })
  idempotencyKey?: string | null
}

@Resolver(() => WebhookEvent)
export class WebhookEventResolver {
  @Query(() => WebhookEvent, {
    nullable: true,
    description: 'One event; null when there is none with this id.',
  })
  async webhookEvent(
    @Ctx() core: Context,
    @Arg('id', () => ID, { description: 'The id of the event.' }) id: string,
  ): Promise<Event | undefined> {
    return findEvent(core, id)
  }

  @Mutation(() => WebhookEvent, {
    description:
      'Accepts an event for delivery to every active endpoint that listens to its type. Once answered, it is ' +
      'delivered or visibly failed.',
  })
  async publishWebhookEvent(
    @Ctx() core: Context,
    @Arg('input', () => PublishWebhookEventInput, { description: 'The event.' })
    input: PublishWebhookEventInput,
  ): Promise<PublishedEvent> {
    return publishEvent(core, input)
  }

  @FieldResolver(() => ID, { description: 'A positive integer.' })
  id(@Root() event: WebhookEvent): string {
    return String(event.id)
  }

  @FieldResolver(() => GraphQLJSON, { description: 'What happened: the `data` that was published.' })
  data(@Root() event: WebhookEvent): unknown {
    return parseBody(event.body).data
  }

  @FieldResolver(() => Float, { description: 'When it was published: Unix seconds, as receivers get it.' })
  created(@Root() event: WebhookEvent): number {
    return parseBody(event.body).created
  }

  @FieldResolver(() => Boolean, {
    description: 'In the answer to a publish: whether its idempotency key already stood for this event.',
  })
  repeated(@Root() event: WebhookEvent): boolean {
    return event.repeated ?? false
  }

  @FieldResolver(() => [WebhookDelivery], {
    description: 'Its deliveries, one for each endpoint. For admins.',
  })
  async deliveries(@Root() event: WebhookEvent, @Ctx() core: Context): Promise<Delivery[]> {
    return (await readDeliveries(core, [event.id])).get(event.id) ?? []
  }
}

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryResolver {
  @FieldResolver(() => ID, { description: 'A positive integer.' })
  id(@Root() delivery: WebhookDelivery): string {
    return String(delivery.id)
  }

  @FieldResolver(() => WebhookEndpoint, { description: 'Where it goes; deleted endpoints included.' })
  async endpoint(@Root() delivery: WebhookDelivery, @Ctx() core: Context): Promise<WebhookEndpoint> {
    return (await readReceivers(core, [delivery.endpointId])).get(delivery.endpointId) as WebhookEndpoint
  }
}
