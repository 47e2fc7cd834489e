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
import {
  type Attempt,
  AttemptError,
  type AttemptFilter,
  AttemptOrder,
  listAttempts,
} from '../delivery/log/attempts'
import { KEPT_BYTES } from '../delivery/sending/answers/response-body'
import type { Context } from './context'
import { PageArgs } from './page-args'
import { WebhookEvent } from './webhook-event'

registerEnumType(AttemptError, {
  name: 'WebhookAttemptError',
  description: 'Why an attempt failed.',
  valuesConfig: {
    DNS: { description: 'The name in the target has no address.' },
    CONNECTION: {
      description:
        'No connection, a connection that broke before the response, or a response that is not HTTP.',
    },
    TLS: { description: 'No secure connection: the certificate is not trusted, or is for another host.' },
    TIMEOUT: { description: 'No response before the deadline.' },
    BLOCKED_ADDRESS: { description: 'The target is in a network that the operator does not allow.' },
    REDIRECT: { description: 'A 3xx response. Redirects are not followed.' },
    HTTP_STATUS: { description: 'A response that is neither 2xx nor 3xx.' },
    ABORTED: { description: 'The gateway stopped during the attempt. The attempt does not count as a try.' },
  },
})

registerEnumType(AttemptOrder, {
  name: 'WebhookAttemptOrder',
  description: 'The order of a list of attempts. Ties are broken by id.',
  valuesConfig: {
    CREATED_AT_ASC: { description: 'Oldest first.' },
    CREATED_AT_DESC: { description: 'Newest first.' },
    SENT_AT_ASC: { description: 'Oldest request first. Attempts without a request are last.' },
    SENT_AT_DESC: { description: 'Attempts without a request first, then the newest request.' },
    NEXT_RETRY_ASC: { description: 'Earliest retry first. Attempts without a retry are last.' },
    NEXT_RETRY_DESC: { description: 'Attempts without a retry first, then the latest retry.' },
  },
})

@ObjectType({ description: 'One request that sent an event to an endpoint, with its result.' })
export class WebhookAttempt implements Omit<Attempt, 'id' | 'event' | 'signatureHeader'> {
  @Field(() => GraphQLDateTime, { description: 'When the attempt was recorded.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the request was sent. Null when no byte of it was sent.',
  })
  sentAt!: Date | null

  @Field(() => Int, { description: '1 for the first attempt of its delivery.' })
  number!: number

  @Field(() => Int, { nullable: true, description: 'The status of the response. Null without a response.' })
  responseStatus!: number | null

  @Field(() => String, {
    nullable: true,
    description: `The first ${KEPT_BYTES / 1024} KiB of the response body. Null without a response.`,
  })
  responseBody!: string | null

  @Field(() => Boolean, { description: 'Whether a part of the response body is not recorded.' })
  responseTruncated!: boolean

  @Field(() => Int, { nullable: true, description: 'The duration in milliseconds.' })
  durationMs!: number | null

  @Field(() => AttemptError, {
    nullable: true,
    description: 'Why the attempt failed. Null when the event was delivered.',
  })
  error!: AttemptError | null

  @Field(() => String, {
    nullable: true,
    description:
      'What went wrong, in one sentence for a person: which certificate or address, or what was wrong with the response. ' +
      'Null when the event was delivered.',
  })
  errorDetail!: string | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The time that was planned for the next try. Null when no retry was planned.',
  })
  nextRetryAt!: Date | null

  @Field(() => WebhookEvent, { nullable: true, description: 'The event that was sent.' })
  event!: WebhookEvent
}

@ObjectType({ simpleResolvers: true, description: 'A part of a list of attempts.' })
export class WebhookAttemptPage {
  @Field(() => Int, { description: 'The number of attempts that match, on all pages.' })
  totalCount!: number

  @Field(() => [WebhookAttempt], { description: 'The attempts of this page, in order.' })
  nodes!: WebhookAttempt[]
}

@InputType({ description: 'Selects attempts. Every condition given must hold.' })
export class WebhookAttemptFilter implements AttemptFilter {
  @Field(() => ID, { nullable: true, description: 'Attempts that sent this event.' })
  eventId?: string | null

  @Field(() => Boolean, { nullable: true, description: 'True: delivered. False: failed.' })
  isSuccessful?: boolean | null

  @Field(() => AttemptError, { nullable: true, description: 'Attempts that failed for this reason.' })
  error?: AttemptError | null
}

@Resolver(() => WebhookAttempt)
export class WebhookAttemptResolver {
  @Query(() => WebhookAttemptPage, {
    nullable: true,
    description: 'A page of the attempts of an endpoint, in any order.',
  })
  async webhookAttemptPage(
    @Ctx() { core }: Context,
    @Arg('endpointId', () => ID, { description: 'The id of the endpoint.' }) endpointId: string,
    @Arg('filter', () => WebhookAttemptFilter, {
      nullable: true,
      description: 'Which attempts. Default: all.',
    })
    filter: WebhookAttemptFilter | null,
    @Arg('orderBy', () => AttemptOrder, {
      nullable: true,
      defaultValue: AttemptOrder.CREATED_AT_DESC,
      description: 'The order of the list.',
    })
    orderBy: AttemptOrder | null,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<{ totalCount: number; nodes: Attempt[] }> {
    return listAttempts(core, endpointId, filter ?? {}, { orderBy, ...page })
  }

  @FieldResolver(() => ID, { description: 'A positive integer.' })
  id(@Root() attempt: Attempt): string {
    return String(attempt.id)
  }

  @FieldResolver(() => String, { description: 'The request body, byte for byte.' })
  requestBody(@Root() attempt: Attempt): string {
    return attempt.event.body
  }

  @FieldResolver(() => String, { description: 'The documented signature header of the request.' })
  requestSignatureHeader(@Root() attempt: Attempt): string {
    return attempt.signatureHeader
  }
}
