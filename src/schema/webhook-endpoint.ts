import { GraphQLDateTime } from 'graphql-scalars'
import { Arg, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql'
import { createEndpoint } from '../endpoints/create-endpoint'
import { deleteEndpoint } from '../endpoints/delete-endpoint'
import type { Endpoint, EndpointEventType, EndpointInput, EndpointPatch } from '../endpoints/endpoint'
import { findEndpoint } from '../endpoints/find-endpoints'
import { TARGET_MAX_LENGTH } from '../endpoints/targets/target-policy'
import { replaceEndpoint, updateEndpoint } from '../endpoints/update-endpoint'
import { DESCRIPTION_MAX_LENGTH } from '../endpoints/validate-endpoint'
import type { Context } from './context'

/** The description of each writable field, in the endpoint and in both inputs. */
const WRITABLE = {
  target:
    'The URL that events are posted to: absolute, without credentials, at most ' +
    `${TARGET_MAX_LENGTH.toLocaleString('en-US')} characters.`,
  events: 'The event types that the endpoint listens to: at least one.',
  isActive: 'Whether events are delivered.',
  description: `A note for people, at most ${DESCRIPTION_MAX_LENGTH.toLocaleString('en-US')} characters.`,
  sslCertVerification: "Whether the target's TLS certificate is verified.",
} satisfies Record<keyof EndpointInput, string>

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

  @Field(() => String, {
    nullable: true,
    description: 'Why the gateway switched the endpoint off. Null when it did not.',
  })
  disabledReason!: string | null

  @Field(() => [WebhookEndpointEvent], { description: `${WRITABLE.events} Sorted by type.` })
  events!: WebhookEndpointEvent[]
}

@InputType({ description: 'An event type to listen to.' })
export class WebhookEventInput {
  @Field(() => String, { description: 'An event type of the catalogue, such as `post.created`.' })
  type!: string
}

@InputType({ description: 'A whole endpoint: to create, or to replace the stored one.' })
export class WebhookEndpointInput implements EndpointInput {
  @Field(() => String, { description: WRITABLE.target })
  target!: string

  @Field(() => [WebhookEventInput], { description: WRITABLE.events })
  events!: WebhookEventInput[]

  @Field(() => Boolean, { nullable: true, defaultValue: true, description: WRITABLE.isActive })
  isActive!: boolean | null

  @Field(() => String, { nullable: true, defaultValue: '', description: WRITABLE.description })
  description!: string | null

  @Field(() => Boolean, { nullable: true, defaultValue: true, description: WRITABLE.sslCertVerification })
  sslCertVerification!: boolean | null
}

@InputType({
  description:
    'A change of an endpoint. A field that is left out keeps its value. Null is not allowed, except for the description: null ' +
    'means the empty description.',
})
export class WebhookEndpointPatch implements EndpointPatch {
  @Field(() => String, { nullable: true, description: WRITABLE.target })
  target?: string | null

  @Field(() => [WebhookEventInput], {
    nullable: true,
    description: `${WRITABLE.events} Replaces the whole set. Types that stay keep their \`addedAt\`.`,
  })
  events?: WebhookEventInput[] | null

  @Field(() => Boolean, { nullable: true, description: WRITABLE.isActive })
  isActive?: boolean | null

  @Field(() => String, { nullable: true, description: WRITABLE.description })
  description?: string | null

  @Field(() => Boolean, { nullable: true, description: WRITABLE.sslCertVerification })
  sslCertVerification?: boolean | null

  @Field(() => Int, {
    nullable: true,
    description:
      'The version that you have read. When another version is stored, nothing changes and the error is `VERSION_CONFLICT`.',
  })
  expectedVersion?: number | null
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

  @Mutation(() => WebhookEndpoint, { description: 'Creates an endpoint with a signing secret of its own.' })
  async createWebhookEndpoint(
    @Ctx() { core }: Context,
    @Arg('input', () => WebhookEndpointInput, { description: 'The new endpoint.' })
    input: WebhookEndpointInput,
  ): Promise<WebhookEndpoint> {
    return createEndpoint(core, input)
  }

  @Mutation(() => WebhookEndpoint, { description: 'Changes the fields that the patch gives and no other.' })
  async updateWebhookEndpoint(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('patch', () => WebhookEndpointPatch, { description: 'The fields to change.' })
    patch: WebhookEndpointPatch,
  ): Promise<WebhookEndpoint> {
    return updateEndpoint(core, id, patch)
  }

  @Mutation(() => WebhookEndpoint, { description: 'Replaces every writable field of a stored endpoint.' })
  async replaceWebhookEndpoint(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('input', () => WebhookEndpointInput, { description: 'The new values.' }) input: WebhookEndpointInput,
    @Arg('expectedVersion', () => Int, VERSION_ARGUMENT) expectedVersion: number | null,
  ): Promise<WebhookEndpoint> {
    return replaceEndpoint(core, id, input, expectedVersion)
  }

  @Mutation(() => ID, { description: 'Deletes an endpoint and returns its id.' })
  async deleteWebhookEndpoint(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('expectedVersion', () => Int, VERSION_ARGUMENT) expectedVersion: number | null,
  ): Promise<string> {
    await deleteEndpoint(core, id, expectedVersion)
    return id
  }
}
