import { Ctx, Field, ObjectType, Query, Resolver } from 'type-graphql'
import type { EventType } from '../endpoints/event-types/event-catalogue'
import type { Context } from './context'

@ObjectType({ simpleResolvers: true, description: 'An event type that endpoints can listen to.' })
export class WebhookEventType implements EventType {
  @Field(() => String, { description: 'The name, such as `post.created`.' })
  type!: string

  @Field(() => String, { description: 'The group that the type belongs to, such as `post`.' })
  group!: string

  @Field(() => String, { description: 'When events of this type are sent.' })
  description!: string

  @Field(() => String, {
    nullable: true,
    description: "The product's condition for sending events of this type. Null means always.",
  })
  sentOnlyIf!: string | null
}

@Resolver()
export class WebhookEventTypeResolver {
  @Query(() => [WebhookEventType], {
    nullable: true,
    description: 'The catalogue: every event type that an endpoint can listen to, sorted by type.',
  })
  webhookEventTypes(@Ctx() { core }: Context): WebhookEventType[] {
    return core.catalogue.types
  }
}
