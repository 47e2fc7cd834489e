import { Arg, Ctx, ID, Int, Mutation, Resolver } from 'type-graphql'
import { findEndpoint } from '../endpoints/find-endpoints'
import { endpointNotFound } from '../failure'
import type { Context } from './context'
import { WebhookEndpoint } from './webhook-endpoint'

const ID_ARGUMENT = { description: 'The id of the endpoint.' }

@Resolver()
export class WebhookSecretResolver {
  @Mutation(() => String, {
    description: "Answers an endpoint's signing secret: the newest, as `whsec_...`.",
  })
  async revealWebhookEndpointSecret(
    @Ctx() { secrets }: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('password', () => String, { nullable: true, description: 'Where the operator asks for one.' })
    password: string | null,
  ): Promise<string> {
    return secrets.reveal(id, password)
  }

  @Mutation(() => WebhookEndpoint, {
    description:
      'Gives an endpoint a new signing secret. The old one signs along for as long as you say: until then receivers can change over.',
  })
  async expireWebhookEndpointSecret(
    @Ctx() core: Context,
    @Arg('id', () => ID, ID_ARGUMENT) id: string,
    @Arg('overlapSeconds', () => Int, {
      nullable: true,
      defaultValue: 0,
      description:
        'How long the old secret still signs beside the new one: 0 (not at all) to 604800 (7 days).',
    })
    overlapSeconds: number | null,
  ): Promise<WebhookEndpoint> {
    await core.secrets.expire(id, overlapSeconds)
    const endpoint = await findEndpoint(core, id)
    if (!endpoint) throw endpointNotFound(id)
    return endpoint
  }
}
