import { GraphQLDateTime } from 'graphql-scalars'
import {
  Arg,
  Ctx,
  Field,
  ID,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  registerEnumType,
} from 'type-graphql'
import { createEndpoint } from '../endpoints/create-endpoint'
import { deleteEndpoint } from '../endpoints/delete-endpoint'
import { type Endpoint, EndpointDisabledReason, type EndpointEventType } from '../endpoints/endpoint'
import { findEndpoint } from '../endpoints/find-endpoints'
import { replaceEndpoint, updateEndpoint } from '../endpoints/update-endpoint'
import type { Context } from './context'
import { WebhookEndpointInput, WebhookEndpointPatch, WRITABLE } from './webhook-endpoint-input'

registerEnumType(EndpointDisabledReason, {
  name: 'WebhookEndpointDisabledReason',
  description: 'Why the gateway switched an endpoint off.',
  valuesConfig: {
    GONE: { description: 'The receiver answered 410 Gone.' },
    FAILING: { description: 'The receiver has failed for a long time, and often.' },
  },
})

@ObjectType({ simpleResolvers: true, description: 'An event type that an endpoint listens to.' })
export class WebhookEndpointEvent implements EndpointEventType {
  @Field(() => String, { description: 'The event type, such as `post.created`.' })
  type!: string

  @Field(() => GraphQLDateTime, { description: 'Since when the endpoint listens to the type.' })
  addedAt!: Date
}

@ObjectType({
  simpleResolvers: true,
  description: 'A receiver of events: its target and the event types that it gets.',
})
export class WebhookEndpoint implements Endpoint {
  @Field(() => ID, { description: 'A positive integer.' })
  id!: number

  @Field(() => GraphQLDateTime, { description: 'When the endpoint was created.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, {
    description: 'When the endpoint was last changed. A patch that changes nothing does not count.',
  })
  updatedAt!: Date

  @Field(() => Int, { description: 'Starts at 1 and rises by one with every effective change.' })
  version!: number

  @Field(() => Boolean, { description: WRITABLE.isActive })
  isActive!: boolean

  @Field(() => String, { description: WRITABLE.target })
  target!: string

  @Field(() => String, { description: WRITABLE.description })
  description!: string

  @Field(() => Boolean, { description: WRITABLE.sslCertVerification })
  sslCertVerification!: boolean

  @Field(() => EndpointDisabledReason, {
    nullable: true,
    description: 'Why the gateway switched the endpoint off. Null when it did not.',
  })
  disabledReason!: EndpointDisabledReason | null

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the gateway switched the endpoint off. Null when it did not.',
  })
  disabledAt!: Date | null

  @Field(() => [WebhookEndpointEvent], { description: `${WRITABLE.events} Sorted by type.` })
  events!: WebhookEndpointEvent[]
}

@ObjectType({ simpleResolvers: true, description: 'The result of a deletion.' })
export class DeleteWebhookEndpointPayload {
  @Field(() => ID, { description: 'The id of the deleted endpoint.' })
  id!: string
}

const ID_ARGUMENT = { description: 'The id of the endpoint.' }
const VERSION_ARGUMENT = { nullable: true, description: 'The version that you have read, as in a patch.' }

@Resolver()
export class WebhookEndpointResolver {
  @Query(() => WebhookEndpoint, {
    nullable: true,
    description: 'One endpoint. Null when there is no endpoint with this id.',
  })
  async webhookEndpoint(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
  ): Promise<WebhookEndpoint | undefined> {
    return findEndpoint(core, id)
  }

  @Mutation(() => WebhookEndpoint, {
    nullable: true,
    description: 'Creates an endpoint with a signing secret of its own.',
  })
  async createWebhookEndpoint(
    @Ctx() { core }: Context,
    @Arg('input', () => WebhookEndpointInput, { description: 'The new endpoint.' })
    input: WebhookEndpointInput,
  ): Promise<WebhookEndpoint> {
    return createEndpoint(core, input)
  }

  @Mutation(() => WebhookEndpoint, {
    nullable: true,
    description: 'Changes the fields that the patch gives and no other.',
  })
  async updateWebhookEndpoint(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('patch', () => WebhookEndpointPatch, { description: 'The fields to change.' })
    patch: WebhookEndpointPatch,
  ): Promise<WebhookEndpoint> {
    return updateEndpoint(core, id, patch)
  }

  @Mutation(() => WebhookEndpoint, {
    nullable: true,
    description: 'Replaces every writable field of a stored endpoint.',
  })
  async replaceWebhookEndpoint(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('input', () => WebhookEndpointInput, { description: 'The new values.' }) input: WebhookEndpointInput,
    @Arg('expectedVersion', () => Int, VERSION_ARGUMENT) expectedVersion: number | null,
  ): Promise<WebhookEndpoint> {
    return replaceEndpoint(core, id, input, expectedVersion)
  }

  @Mutation(() => DeleteWebhookEndpointPayload, {
    nullable: true,
    description: 'Deletes an endpoint, and cancels its pending deliveries.',
  })
  async deleteWebhookEndpoint(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('expectedVersion', () => Int, VERSION_ARGUMENT) expectedVersion: number | null,
  ): Promise<DeleteWebhookEndpointPayload> {
    await deleteEndpoint(core, id, expectedVersion)
    return { id }
  }
}
