import { GraphQLDateTime } from 'graphql-scalars'
import {
  Arg,
  Ctx,
  Field,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  registerEnumType,
} from 'type-graphql'
import { createEndpoint } from '../endpoints/create-endpoint'
import { deleteEndpoint } from '../endpoints/delete-endpoint'
import {
  type Endpoint,
  type EndpointEvent,
  type EndpointInput,
  EndpointOrder,
  type EndpointPatch,
} from '../endpoints/endpoint'
import {
  type EndpointFilter,
  type EndpointPage,
  findEndpoint,
  listEndpoints,
} from '../endpoints/find-endpoints'
import { replaceEndpoint, updateEndpoint } from '../endpoints/update-endpoint'
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../page-range'
import type { Context } from './context'

@ObjectType({ simpleResolvers: true, description: 'An event type that an endpoint listens to.' })
export class WebhookEndpointEvent implements EndpointEvent {
  @Field(() => String, { description: 'The event type, such as `post.created`.' })
  type!: string

  @Field(() => GraphQLDateTime, { description: 'Since when the endpoint listens to it.' })
  addedAt!: Date
}

@ObjectType({ simpleResolvers: true, description: 'Where events are delivered to, and which.' })
export class WebhookEndpoint implements Endpoint {
  @Field(() => ID, { description: 'A positive integer.' })
  id!: number

  @Field(() => GraphQLDateTime, { description: 'When it was created.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, {
    description: 'When it last changed; a patch that changes nothing leaves it alone.',
  })
  updatedAt!: Date

  @Field(() => Int, { description: 'Starts at 1 and rises by one with every effective change.' })
  version!: number

  @Field(() => Boolean, { description: 'Whether events are delivered.' })
  isActive!: boolean

  @Field(() => String, { description: 'The URL that events are posted to.' })
  target!: string

  @Field(() => String, { description: 'A note for people.' })
  description!: string

  @Field(() => Boolean, { description: "Whether the target's TLS certificate is verified." })
  sslCertVerification!: boolean

  @Field(() => String, { nullable: true, description: 'Why the gateway itself switched it off; else null.' })
  disabledReason!: string | null

  @Field(() => [WebhookEndpointEvent], { description: 'What it listens to, sorted by type.' })
  events!: WebhookEndpointEvent[]
}

@ObjectType({ simpleResolvers: true, description: 'A part of a list of endpoints.' })
export class WebhookEndpointPage implements EndpointPage {
  @Field(() => Int, { description: 'How many endpoints match in all.' })
  totalCount!: number

  @Field(() => [WebhookEndpoint], { description: 'The endpoints of this part, in order.' })
  nodes!: WebhookEndpoint[]
}

@InputType({ description: 'An event type to listen to.' })
export class WebhookEventInput {
  @Field(() => String, { description: 'An event type of the catalogue, such as `post.created`.' })
  type!: string
}

@InputType({
  description: 'A whole endpoint: what to create, or what to put in the place of the stored one.',
})
export class WebhookEndpointInput implements EndpointInput {
  @Field(() => String, { description: 'An absolute URL of at most 2,048 characters, without credentials.' })
  target!: string

  @Field(() => [WebhookEventInput], { description: 'What to listen to: at least one event type.' })
  events!: WebhookEventInput[]

  @Field(() => Boolean, { nullable: true, defaultValue: true, description: 'Whether to deliver events.' })
  isActive!: boolean | null

  @Field(() => String, {
    nullable: true,
    defaultValue: '',
    description: 'A note for people, 10,000 characters at most.',
  })
  description!: string | null

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: "Whether to verify the target's TLS certificate.",
  })
  sslCertVerification!: boolean | null
}

@InputType({
  description:
    'A change of an endpoint. A field left out is kept; null is refused, except that a null description is an empty one.',
})
export class WebhookEndpointPatch implements EndpointPatch {
  @Field(() => String, {
    nullable: true,
    description: 'An absolute URL of at most 2,048 characters, without credentials.',
  })
  target?: string | null

  @Field(() => [WebhookEventInput], {
    nullable: true,
    description: 'Replaces the whole set; types that stay keep their `addedAt`.',
  })
  events?: WebhookEventInput[] | null

  @Field(() => Boolean, { nullable: true, description: 'Switches delivery on or off.' })
  isActive?: boolean | null

  @Field(() => String, { nullable: true, description: 'A note for people, 10,000 characters at most.' })
  description?: string | null

  @Field(() => Boolean, { nullable: true, description: "Whether to verify the target's TLS certificate." })
  sslCertVerification?: boolean | null

  @Field(() => Int, {
    nullable: true,
    description:
      'The version you have seen: with another one stored, nothing changes and the answer is `VERSION_CONFLICT`.',
  })
  expectedVersion?: number | null
}

@InputType({ description: 'Which endpoints: every condition given must hold.' })
export class WebhookEndpointFilter implements EndpointFilter {
  @Field(() => String, { nullable: true, description: 'A part of the target, in upper or lower case.' })
  targetContains?: string | null

  @Field(() => Boolean, { nullable: true, description: 'Switched on, or off.' })
  isActive?: boolean | null

  @Field(() => String, { nullable: true, description: 'An event type that the endpoint listens to.' })
  eventType?: string | null
}

registerEnumType(EndpointOrder, {
  name: 'WebhookEndpointOrder',
  description: 'The order of a list of endpoints; ties are broken by id.',
  valuesConfig: {
    CREATED_AT_ASC: { description: 'Oldest first.' },
    CREATED_AT_DESC: { description: 'Newest first.' },
    UPDATED_AT_ASC: { description: 'Longest unchanged first.' },
    UPDATED_AT_DESC: { description: 'Last changed first.' },
    IS_ACTIVE_ASC: { description: 'Switched off first.' },
    IS_ACTIVE_DESC: { description: 'Switched on first.' },
  },
})

const ID_ARGUMENT = { description: 'The id of the endpoint.' }
const VERSION_ARGUMENT = { nullable: true, description: 'The version you have seen, as in a patch.' }

@Resolver()
export class WebhookEndpointResolver {
  @Query(() => WebhookEndpoint, {
    nullable: true,
    description: 'One endpoint; null when there is none with this id.',
  })
  async webhookEndpoint(
    @Ctx() core: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
  ): Promise<WebhookEndpoint | undefined> {
    return findEndpoint(core, id)
  }

  @Query(() => WebhookEndpointPage, { description: 'The endpoints, part by part.' })
  async webhookEndpoints(
    @Ctx() core: Context,
    @Arg('filter', () => WebhookEndpointFilter, {
      nullable: true,
      description: 'Which endpoints; all unless given.',
    })
    filter: WebhookEndpointFilter | null,
    @Arg('orderBy', () => EndpointOrder, {
      nullable: true,
      defaultValue: EndpointOrder.CREATED_AT_DESC,
      description: 'In which order.',
    })
    orderBy: EndpointOrder | null,
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
  ): Promise<WebhookEndpointPage> {
    return listEndpoints(core, filter ?? {}, { orderBy, limit, offset })
  }

  @Mutation(() => WebhookEndpoint, { description: 'Creates an endpoint with a signing secret of its own.' })
  async createWebhookEndpoint(
    @Ctx() core: Context,
    @Arg('input', () => WebhookEndpointInput, { description: 'The new endpoint.' })
    input: WebhookEndpointInput,
  ): Promise<WebhookEndpoint> {
    return createEndpoint(core, input)
  }

  @Mutation(() => WebhookEndpoint, { description: 'Changes the fields that the patch gives and no other.' })
  async updateWebhookEndpoint(
    @Ctx() core: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('patch', () => WebhookEndpointPatch, { description: 'The fields to change.' })
    patch: WebhookEndpointPatch,
  ): Promise<WebhookEndpoint> {
    return updateEndpoint(core, id, patch)
  }

  @Mutation(() => WebhookEndpoint, { description: 'Puts a whole endpoint in the place of the stored one.' })
  async replaceWebhookEndpoint(
    @Ctx() core: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('input', () => WebhookEndpointInput, { description: 'What to store.' }) input: WebhookEndpointInput,
    @Arg('expectedVersion', () => Int, VERSION_ARGUMENT) expectedVersion: number | null,
  ): Promise<WebhookEndpoint> {
    return replaceEndpoint(core, id, input, expectedVersion)
  }

  @Mutation(() => ID, { description: 'Deletes an endpoint and answers its id.' })
  async deleteWebhookEndpoint(
    @Ctx() core: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('expectedVersion', () => Int, VERSION_ARGUMENT) expectedVersion: number | null,
  ): Promise<string> {
    await deleteEndpoint(core, id, expectedVersion)
    return id
  }
}
