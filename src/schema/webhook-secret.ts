import { GraphQLDateTime } from 'graphql-scalars'
import { Arg, Ctx, Field, ID, Int, Mutation, ObjectType, Resolver } from 'type-graphql'
import { afterChange } from '../database/after-change'
import { findEndpoint } from '../endpoints/find-endpoints'
import { endpointNotFound } from '../failure'
import { OVERLAP_MAX, type RevealedSecret } from '../secrets/signing-secrets'
import type { Context } from './context'
import { WebhookEndpoint } from './webhook-endpoint'

const ID_ARGUMENT = { description: 'The id of the endpoint.' }
const SECONDS_PER_DAY = 86_400

@ObjectType({ simpleResolvers: true, description: 'The newest signing secret of an endpoint.' })
export class WebhookEndpointSecret implements RevealedSecret {
  @Field(() => String, { description: 'The secret: `whsec_...`.' })
  signingSecret!: string

  @Field(() => GraphQLDateTime, { description: 'Since when the secret signs.' })
  createdAt!: Date

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'Until when the secret before also signs. Null when it does not.',
  })
  overlapUntil!: Date | null
}

@Resolver()
export class WebhookSecretResolver {
  @Mutation(() => WebhookEndpointSecret, {
    nullable: true,
    description: "Returns an endpoint's newest signing secret.",
  })
  async revealWebhookEndpointSecret(
    @Ctx() { core, caller }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('password', () => String, {
      nullable: true,
      description: 'The reveal password, when the operator has set one.',
    })
    password: string | null,
  ): Promise<WebhookEndpointSecret> {
    return core.secrets.reveal(id, { subject: caller.identity?.subject ?? '', password })
  }

  @Mutation(() => WebhookEndpoint, {
    nullable: true,
    description:
      'Gives an endpoint a new signing secret. During the overlap the old secret still signs beside the new one, so that ' +
      'receivers have time to change over.',
  })
  async expireWebhookEndpointSecret(
    @Ctx() { core }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('overlapSeconds', () => Int, {
      nullable: true,
      defaultValue: 0,
      description: `The overlap in seconds: 0 (none) to ${OVERLAP_MAX.toLocaleString('en-US')} (${OVERLAP_MAX / SECONDS_PER_DAY} days).`,
    })
    overlapSeconds: number | null,
  ): Promise<WebhookEndpoint> {
    await core.secrets.expire(id, overlapSeconds)
    const endpoint = await afterChange(findEndpoint(core, id))
    if (!endpoint) throw endpointNotFound(id)
    return endpoint
  }
}
