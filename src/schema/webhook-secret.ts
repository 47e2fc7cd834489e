import { Arg, Ctx, ID, Int, Mutation, Resolver } from 'type-graphql'
import { afterChange } from '../database/after-change'
import { findEndpoint } from '../endpoints/find-endpoints'
import { endpointNotFound } from '../failure'
import { OVERLAP_MAX } from '../secrets/signing-secrets'
import type { Context } from './context'
import { WebhookEndpoint } from './webhook-endpoint'

const ID_ARGUMENT = { description: 'The id of the endpoint.' }
const SECONDS_PER_DAY = 86_400

@Resolver()
export class WebhookSecretResolver {
  @Mutation(() => String, {
    description: "Returns an endpoint's newest signing secret: `whsec_...`.",
  })
  async revealWebhookEndpointSecret(
    @Ctx() { core, caller }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('password', () => String, {
      nullable: true,
      description: 'The reveal password, when the operator has set one.',
    })
    password: string | null,
  ): Promise<string> {
    return core.secrets.reveal(id, { subject: caller.identity?.subject ?? '', password })
  }

  @Mutation(() => WebhookEndpoint, {
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
