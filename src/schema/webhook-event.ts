import type { GraphQLResolveInfo } from 'graphql'
import { GraphQLDateTime } from 'graphql-scalars'
import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql'
import { DATA_MAX_BYTES } from '../data-limits'
import { type Event, findEvent, parseBody, type WholeEvent } from '../events/event'
import { countEvents, type EventFilter, findEvents, validateEvents } from '../events/find-events'
import { IDEMPOTENCY_KEY_MAX_LENGTH, type PublishedEvent, publishEvent } from '../events/publish-event'
import { publisherOf } from '../events/publisher'
import { throwProblems } from '../failure'
import type { JsonText } from '../json-text'
import { type Connection, ConnectionArgs, connection, connectionOf } from './connection'
import type { Context } from './context'
import { GraphQLJson } from './json-scalar'
import { writtenJson } from './written-json'

@ObjectType({ description: 'Something that happened, as receivers get it.' })
export class WebhookEvent implements Omit<Event, 'id'> {
  @Field(() => String, { description: 'The event type, such as `post.created`.' })
  type!: string

  @Field(() => GraphQLDateTime, { description: 'When the event was published.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the last delivery of the event was made. Null while they are still being made.',
  })
  fannedOutAt!: Date | null

  @Field(() => Boolean, {
    description: 'Whether the event is a sample of a test send, which goes to one endpoint alone.',
  })
  isTest!: boolean
}

@ObjectType({ simpleResolvers: true, description: 'The result of publishing an event.' })
export class PublishWebhookEventPayload {
  @Field(() => WebhookEvent, { nullable: true, description: 'The event as it is stored.' })
  event!: Event

  @Field(() => Boolean, {
    description: 'Whether an earlier publish with the same idempotency key has created the event.',
  })
  deduplicated!: boolean
}

export const WebhookEventConnection = connectionOf('WebhookEvent', WebhookEvent)

@InputType({ description: 'Selects events. Every condition given must hold.' })
export class WebhookEventFilter implements EventFilter {
  @Field(() => String, { nullable: true, description: 'Events of this type.' })
  type?: string | null

  @Field(() => Boolean, { nullable: true, description: 'True: events of test sends. False: all others.' })
  isTest?: boolean | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Events published at this time or later.' })
  since?: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Events published before this time.' })
  until?: Date | null
}

@InputType({ description: 'An event to publish.' })
export class PublishWebhookEventInput {
  @Field(() => String, { description: 'An event type of the catalogue.' })
  type!: string

  @Field(() => GraphQLJson, {
    description:
      `The \`data\` that receivers get, every digit and every key as written: at most ${DATA_MAX_BYTES / 1024} KiB of JSON. ` +
      'Use a variable: a literal cannot have keys such as `"2"`, or one key twice.',
  })
  data!: unknown

  @Field(() => String, {
    nullable: true,
    description:
      `A key of the publisher's choice, at most ${IDEMPOTENCY_KEY_MAX_LENGTH} characters. Within 24 hours, the same key with ` +
      'the same content is the same event. Keys belong to the subject of the token: other publishers may use the same ones.',
  })
  idempotencyKey?: string | null
}

@Resolver(() => WebhookEvent)
export class WebhookEventResolver {
  @Query(() => WebhookEvent, {
    nullable: true,
    description: 'One event. Null when there is no event with this id.',
  })
  async webhookEvent(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, { description: 'The id of the event.' }) id: string,
  ): Promise<Event | undefined> {
    return findEvent(core, id)
  }

  @Query(() => WebhookEventConnection, { nullable: true, description: 'The events, newest first.' })
  async webhookEvents(
    @Ctx() { core: { query } }: Context,
    @Arg('filter', () => WebhookEventFilter, { nullable: true, description: 'Which events. Default: all.' })
    filter: WebhookEventFilter | null,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<Event>> {
    const conditions = filter ?? {}
    throwProblems(validateEvents(conditions, page))
    return connection(await findEvents(query, conditions, page), page, () => countEvents(query, conditions))
  }

  @Mutation(() => PublishWebhookEventPayload, {
    nullable: true,
    description:
      'Accepts an event for delivery to every active endpoint that listens to its type. Once the gateway has answered, each ' +
      'delivery is delivered or visibly failed.',
  })
  async publishWebhookEvent(
    @Ctx() { core, caller, requestText }: Context,
    @Arg('input', () => PublishWebhookEventInput, { description: 'The event.' })
    input: PublishWebhookEventInput,
    @Info() info: GraphQLResolveInfo,
  ): Promise<PublishedEvent> {
    const data = writtenJson(info, requestText, ['input', 'data'])
    return publishEvent(core, { ...input, data }, publisherOf(caller.identity?.subject ?? ''))
  }

  @FieldResolver(() => ID, { description: 'A positive integer.' })
  id(@Root() event: Event): string {
    return String(event.id)
  }

  @FieldResolver(() => String, {
    description:
      'The text that is signed and sent to receivers, byte for byte: every digit and every key of the `data`.',
  })
  async body(@Root() event: Event | WholeEvent, @Ctx() { loaders }: Context): Promise<string | undefined> {
    return 'body' in event ? event.body : loaders.bodyByEvent.load(event.id)
  }

  @FieldResolver(() => GraphQLJson, {
    description: 'The `data` that was published. Many JSON parsers round its numbers: `body` has the text.',
  })
  async data(@Root() event: Event | WholeEvent, @Ctx() { loaders }: Context): Promise<JsonText | undefined> {
    const body = 'body' in event ? event.body : await loaders.bodyByEvent.load(event.id)
    return body === undefined ? undefined : parseBody(body).data
  }
}
