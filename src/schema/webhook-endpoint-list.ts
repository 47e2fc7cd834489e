import {
  Arg,
  Args,
  Ctx,
  Field,
  InputType,
  Int,
  ObjectType,
  Query,
  Resolver,
  registerEnumType,
} from 'type-graphql'
import { EndpointOrder } from '../endpoints/endpoint'
import { type EndpointFilter, type EndpointPage, listEndpoints } from '../endpoints/find-endpoints'
import type { Context } from './context'
import { PageArgs } from './page-args'
import { WebhookEndpoint } from './webhook-endpoint'

@ObjectType({ simpleResolvers: true, description: 'A part of a list of endpoints.' })
export class WebhookEndpointPage implements EndpointPage {
  @Field(() => Int, { description: 'The number of endpoints that match, on all pages.' })
  totalCount!: number

  @Field(() => [WebhookEndpoint], { description: 'The endpoints of this page, in order.' })
  nodes!: WebhookEndpoint[]
}

@InputType({ description: 'Selects endpoints. Every condition given must hold.' })
export class WebhookEndpointFilter implements EndpointFilter {
  @Field(() => String, { nullable: true, description: 'A part of the target, in upper or lower case.' })
  targetContains?: string | null

  @Field(() => Boolean, { nullable: true, description: 'True: switched on. False: switched off.' })
  isActive?: boolean | null

  @Field(() => String, { nullable: true, description: 'An event type that the endpoint listens to.' })
  eventType?: string | null
}

registerEnumType(EndpointOrder, {
  name: 'WebhookEndpointOrder',
  description: 'The order of a list of endpoints. Ties are broken by id.',
  valuesConfig: {
    CREATED_AT_ASC: { description: 'Oldest first.' },
    CREATED_AT_DESC: { description: 'Newest first.' },
    UPDATED_AT_ASC: { description: 'Longest unchanged first.' },
    UPDATED_AT_DESC: { description: 'Last changed first.' },
    IS_ACTIVE_ASC: { description: 'Switched off first.' },
    IS_ACTIVE_DESC: { description: 'Switched on first.' },
  },
})

@Resolver()
export class WebhookEndpointListResolver {
  @Query(() => WebhookEndpointPage, { nullable: true, description: 'A page of the endpoints.' })
  async webhookEndpoints(
    @Ctx() { core }: Context,
    @Arg('filter', () => WebhookEndpointFilter, {
      nullable: true,
      description: 'Which endpoints. Default: all.',
    })
    filter: WebhookEndpointFilter | null,
    @Arg('orderBy', () => EndpointOrder, {
      nullable: true,
      defaultValue: EndpointOrder.CREATED_AT_DESC,
      description: 'The order of the list.',
    })
    orderBy: EndpointOrder | null,
    @Args(() => PageArgs) page: PageArgs,
  ): Promise<WebhookEndpointPage> {
    return listEndpoints(core, filter ?? {}, { orderBy, ...page })
  }
}
