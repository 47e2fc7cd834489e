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
import type { AttemptFilter } from '../delivery/log/attempt-filter'
import {
  type Attempt,
  AttemptError,
  AttemptOutcome,
  AttemptTrigger,
  findAttempt,
} from '../delivery/log/attempts'
import { countAttempts, findAttempts, validateAttempts } from '../delivery/log/find-attempts'
import { scopeOf } from '../delivery/log/log-scope'
import { KEPT_BYTES } from '../delivery/sending/answers/response-body'
import { throwProblems } from '../failure'
import { EMPTY_PAGE } from '../keyset-page'
import { type Connection, ConnectionArgs, connection, connectionOf } from './connection'
import type { Context } from './context'

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

registerEnumType(AttemptTrigger, {
  name: 'WebhookAttemptTrigger',
  description: 'Why an attempt was made.',
  valuesConfig: {
    SCHEDULE: { description: 'The event was published. Retries by the schedule included.' },
    RESEND: { description: 'The event was resent. Retries included.' },
    REPLAY: { description: 'A replay queued the event. Retries included.' },
    TEST: { description: 'A test send.' },
    PROBE: { description: 'Tries whether an endpoint that is held works again.' },
  },
})

registerEnumType(AttemptOutcome, {
  name: 'WebhookAttemptOutcome',
  description: 'How an attempt ended.',
  valuesConfig: {
    DELIVERED: { description: 'The receiver answered 2xx.' },
    FAILED: { description: 'The try failed.' },
    BUSY: { description: 'The receiver asked to be left alone. This uses up no try.' },
    ABORTED: { description: 'The gateway stopped the attempt. This uses up no try.' },
  },
})

@ObjectType({ description: 'One request that sent an event to an endpoint, with its result.' })
export class WebhookAttempt implements Omit<Attempt, 'id' | 'eventId' | 'endpointId' | 'signatureHeader'> {
  @Field(() => GraphQLDateTime, { description: 'When the attempt was recorded.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the request was sent. Null when no byte of it was sent.',
  })
  sentAt!: Date | null

  @Field(() => Int, { description: '1 for the first attempt of its delivery.' })
  number!: number

  @Field(() => AttemptTrigger, { description: 'Why the attempt was made.' })
  trigger!: AttemptTrigger

  @Field(() => AttemptOutcome, { description: 'How the attempt ended.' })
  outcome!: AttemptOutcome

  @Field(() => Int, { nullable: true, description: 'The status of the response. Null without a response.' })
  responseStatus!: number | null

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
}

export const WebhookAttemptConnection = connectionOf('WebhookAttempt', WebhookAttempt)

@InputType({
  description: 'Selects attempts. Every condition given must hold. An empty list matches nothing.',
})
export class WebhookAttemptFilter implements AttemptFilter {
  @Field(() => ID, { nullable: true, description: 'Attempts at this endpoint.' })
  endpointId?: string | null

  @Field(() => ID, { nullable: true, description: 'Attempts that sent this event.' })
  eventId?: string | null

  @Field(() => String, { nullable: true, description: 'Attempts that sent an event of this type.' })
  eventType?: string | null

  @Field(() => [AttemptOutcome], { nullable: true, description: 'Attempts that ended in one of these ways.' })
  outcome?: AttemptOutcome[] | null

  @Field(() => [AttemptError], {
    nullable: true,
    description: 'Attempts that failed for one of these reasons.',
  })
  error?: AttemptError[] | null

  @Field(() => Int, { nullable: true, description: 'Attempts with this status or a higher one.' })
  responseStatusFrom?: number | null

  @Field(() => Int, { nullable: true, description: 'Attempts with this status or a lower one.' })
  responseStatusTo?: number | null

  @Field(() => [AttemptTrigger], {
    nullable: true,
    description: 'Attempts that were made for one of these reasons.',
  })
  trigger?: AttemptTrigger[] | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Attempts recorded at this time or later.' })
  since?: Date | null

  @Field(() => GraphQLDateTime, { nullable: true, description: 'Attempts recorded before this time.' })
  until?: Date | null
}

export const ATTEMPT_FILTER = { nullable: true, description: 'Which attempts. Default: all.' }

@Resolver(() => WebhookAttempt)
export class WebhookAttemptResolver {
  @Query(() => WebhookAttempt, {
    nullable: true,
    description: 'One attempt. Null when there is no attempt with this id.',
  })
  async webhookAttempt(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, { description: 'The id of the attempt.' }) id: string,
  ): Promise<Attempt | undefined> {
    return findAttempt(core, id)
  }

  @Query(() => WebhookAttemptConnection, { nullable: true, description: 'The attempts, newest first.' })
  async webhookAttempts(
    @Ctx() { core: { query } }: Context,
    @Arg('filter', () => WebhookAttemptFilter, ATTEMPT_FILTER) filter: WebhookAttemptFilter | null,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<Attempt>> {
    const conditions = filter ?? {}
    throwProblems(validateAttempts(conditions, page))
    const scope = scopeOf(conditions)
    const [found] = await findAttempts(query, [scope], conditions, page)
    return connection(found ?? EMPTY_PAGE, page, () => countAttempts(query, scope, conditions))
  }

  @FieldResolver(() => ID, { description: 'A positive integer.' })
  id(@Root() attempt: Attempt): string {
    return String(attempt.id)
  }

  @FieldResolver(() => String, { description: 'The request body, byte for byte.' })
  async requestBody(@Root() { eventId }: Attempt, @Ctx() { loaders }: Context): Promise<string | undefined> {
    return loaders.bodyByEvent.load(eventId)
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: `The first ${KEPT_BYTES / 1024} KiB of the response body. Null without a response.`,
  })
  async responseBody(
    @Root() attempt: Attempt,
    @Ctx() { loaders }: Context,
  ): Promise<string | null | undefined> {
    return loaders.responseBody.load(attempt)
  }

  @FieldResolver(() => String, { description: 'The documented signature header of the request.' })
  requestSignatureHeader(@Root() attempt: Attempt): string {
    return attempt.signatureHeader
  }
}
