import { GraphQLDateTime } from 'graphql-scalars'
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
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
import {
  type Attempt,
  AttemptError,
  type AttemptFilter,
  AttemptOrder,
  listAttempts,
} from '../delivery/log/attempts'
import { resendEvents } from '../delivery/resend'
import { sendTestEvent } from '../delivery/test-send'
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../page-range'
import type { Context } from './context'
import { WebhookEvent } from './webhook-event'

registerEnumType(AttemptError, {
  name: 'WebhookAttemptError',
  description: 'Why an attempt failed.',
  valuesConfig: {
    DNS: { description: "The target's name has no address." },
    CONNECTION: { description: 'No connection, or it broke, or what came was no HTTP.' },
    TLS: { description: 'No secure connection: the certificate is not trusted, or is for another host.' },
    TIMEOUT: { description: 'No complete answer before the deadline.' },
    BLOCKED_ADDRESS: { description: 'The target lies in a network that the operator does not allow.' },
    REDIRECT: { description: 'A 3xx answer: redirects are not followed.' },
    HTTP_STATUS: { description: 'An answer that is neither 2xx nor 3xx.' },
    ABORTED: { description: 'The gateway stopped in the middle; it does not count as a try.' },
  },
})

registerEnumType(AttemptOrder, {
  name: 'WebhookAttemptOrder',
  description: 'The order of a list of attempts; ties are broken by id.',
  valuesConfig: {
    CREATED_AT_ASC: { description: 'Oldest first.' },
    CREATED_AT_DESC: { description: 'Newest first.' },
    SENT_AT_ASC: { description: 'Sent longest ago first, never sent last.' },
    SENT_AT_DESC: { description: 'Never sent first, then sent last.' },
    NEXT_RETRY_ASC: { description: 'Retried soonest first, without a retry last.' },
    NEXT_RETRY_DESC: { description: 'Without a retry first, then retried last.' },
  },
})

@ObjectType({ description: 'One send of an event to an endpoint, and what came of it.' })
export class WebhookAttempt {
  id!: bigint

  @Field(() => GraphQLDateTime, { description: 'When it was put on record.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the request went out; null when it never did.',
  })
  sentAt!: Date | null

  @Field(() => Int, { description: '1 for the first attempt of its delivery.' })
  number!: number

  @Field(() => Int, { nullable: true, description: 'The status of the answer; null when none came.' })
  responseStatus!: number | null

  @Field(() => String, {
    nullable: true,
    description: 'The body of the answer, its first 64 KiB; null when none came.',
  })
  responseBody!: string | null

  @Field(() => Boolean, { description: 'Whether the answer was longer than what is kept of it.' })
  responseTruncated!: boolean

  @Field(() => Int, { nullable: true, description: 'How long it took, in milliseconds.' })
  durationMs!: number | null

  @Field(() => AttemptError, { nullable: true, description: 'Why it failed; null when it was delivered.' })
  error!: AttemptError | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When it was to be tried again; null when not.',
  })
  nextRetryAt!: Date | null

  @Field(() => WebhookEvent, { description: 'What was sent.' })
  event!: WebhookEvent

  signatureHeader!: string
}

@ObjectType({ simpleResolvers: true, description: 'A part of a list of attempts.' })
export class WebhookAttemptPage {
  @Field(() => Int, { description: 'How many attempts match in all.' })
  totalCount!: number

  @Field(() => [WebhookAttempt], { description: 'The attempts of this part, in order.' })
  nodes!: WebhookAttempt[]
}

@InputType({ description: 'Which attempts: every condition given must hold.' })
export class WebhookAttemptFilter implements AttemptFilter {
  @Field(() => ID, { nullable: true, description: 'Attempts to deliver this event.' })
  eventId?: string | null

  @Field(() => Boolean, { nullable: true, description: 'Delivered, or failed.' })
  isSuccessful?: boolean | null

  @Field(() => AttemptError, { nullable: true, description: 'Failed for this reason.' })
  error?: AttemptError | null
}

const ENDPOINT_ID = { description: 'The id of the endpoint.' }

@Resolver(() => WebhookAttempt)
export class WebhookAttemptResolver {
  @Query(() => WebhookAttemptPage, { description: 'What was sent to an endpoint, part by part.' })
  async webhookAttempts(
    @Ctx() core: Context,
    @Arg('endpointId', () => ID, ENDPOINT_ID) endpointId: string,
    @Arg('filter', () => WebhookAttemptFilter, {
      nullable: true,
      description: 'Which attempts; all unless given.',
    })
    filter: WebhookAttemptFilter | null,
    @Arg('orderBy', () => AttemptOrder, {
      nullable: true,
      defaultValue: AttemptOrder.CREATED_AT_DESC,
      description: 'In which order.',
    })
    orderBy: AttemptOrder | null,
    @Arg('limit', () => Int, {
      nullable: true,
      defaultValue: PAGE_LIMIT_DEFAULT,
      description: `How many at most: 1 or more, and above ${PAGE_LIMIT_MAX} counts as ${PAGE_LIMIT_MAX}.`,
    })
    limit: number | null,
    @Arg('offset', () => Int, {
      nullable: true,
      defaultValue: 0,
      description: 'How many to pass over first.',
    })
    offset: number | null,
  ): Promise<{ totalCount: number; nodes: Attempt[] }> {
    return listAttempts(core, endpointId, filter ?? {}, { orderBy, limit, offset })
  }

  @Mutation(() => Int, {
    description:
      'Queues events for an endpoint once more, all or none, and answers how many. Each starts its retry schedule again.',
  })
  async resendWebhookEvents(
    @Ctx() core: Context,
    @Arg('endpointId', () => ID, ENDPOINT_ID) endpointId: string,
    @Arg('eventIds', () => [ID], { description: 'The ids of the events, at most 1,000.' }) eventIds: string[],
  ): Promise<number> {
    return resendEvents(core, endpointId, eventIds)
  }

  @Mutation(() => WebhookAttempt, {
    description:
      'Sends an endpoint a sample event, at once and once: on record like any attempt, and never retried.',
  })
  async sendTestWebhookEvent(
    @Ctx() core: Context,
    @Arg('endpointId', () => ID, ENDPOINT_ID) endpointId: string,
    @Arg('type', () => String, {
      nullable: true,
      description: 'The event type of the sample; the first one that the endpoint listens to unless given.',
    })
    type: string | null,
  ): Promise<Attempt> {
    return sendTestEvent(core, endpointId, type)
  }

  @FieldResolver(() => ID, { description: 'A positive integer.' })
  id(@Root() attempt: WebhookAttempt): string {
    return String(attempt.id)
  }

  @FieldResolver(() => String, { description: 'The body that was sent, byte for byte.' })
  requestBody(@Root() attempt: WebhookAttempt): string {
    return attempt.event.body
  }

  @FieldResolver(() => String, { description: 'The documented signature header that was sent.' })
  requestSignatureHeader(@Root() attempt: WebhookAttempt): string {
    return attempt.signatureHeader
  }
}
