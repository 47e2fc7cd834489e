import { Ctx, Field, ObjectType, Query, Resolver } from 'type-graphql'
import type { EventType } from '../endpoints/event-types/event-catalogue'
import type { Context } from './context'

@ObjectType({ simpleResolvers: true, description: 'A kind of event that endpoints can listen to.' })
export class WebhookEventType implements EventType {
  @Field(() => String, { description: 'Its name, such as `post.created`.' })
  type!: string

  @Field(() => String, { description: 'What it belongs to, such as `post`.' })
  group!: string

  @Field(() => String, { description: 'When it is sent.' })
  description!: string

  @Field(() => String, {
    nullable: true,
    description: "The product's condition for sending it at all; null = always.",
  })
  sentOnlyIf!: string | null
}

@Resolver()
export class WebhookEventTypeResolver {
  @Query(() => [WebhookEventType], {
    description: 'The catalogue: every event type that an endpoint can listen to, sorted by type.',
  })
  webhookEventTypes(@Ctx() { catalogue }: Context): WebhookEventType[] {
    return catalogue.types
  }
}
