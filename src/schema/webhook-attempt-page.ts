import { Arg, Args, Ctx, Field, ID, Int, ObjectType, Query, Resolver, registerEnumType } from 'type-graphql'
import type { Attempt } from '../delivery/log/attempts'
import { AttemptOrder, listAttempts } from '../delivery/log/list-attempts'
import type { Context } from './context'
import { PageArgs } from './page-args'
import { ATTEMPT_FILTER, WebhookAttempt, WebhookAttemptFilter } from './webhook-attempt'

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

@ObjectType({ simpleResolvers: true, description: 'A part of a list of attempts.' })
export class WebhookAttemptPage {
  @Field(() => Int, { description: 'The number of attempts that match, on all pages.' })
  totalCount!: number

  @Field(() => [WebhookAttempt], { description: 'The attempts of this page, in order.' })
  nodes!: WebhookAttempt[]
}

@Resolver()
export class WebhookAttemptPageResolver {
  @Query(() => WebhookAttemptPage, {
    nullable: true,
    description: 'A page of the attempts of an endpoint, in any order.',
  })
  async webhookAttemptPage(
    @Ctx() { core }: Context,
    @Arg('endpointId', () => ID, { description: 'The id of the endpoint.' }) endpointId: string,
    @Arg('filter', () => WebhookAttemptFilter, ATTEMPT_FILTER) filter: WebhookAttemptFilter | null,
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
}
