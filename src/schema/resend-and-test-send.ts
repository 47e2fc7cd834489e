import { Arg, Ctx, ID, Int, Mutation, Resolver } from 'type-graphql'
import type { Attempt } from '../delivery/log/attempts'
import { RESEND_MAX, resendEvents } from '../delivery/resend'
import { sendTestEvent } from '../delivery/test-send'
import type { Context } from './context'
import { WebhookAttempt } from './webhook-attempt'

const ENDPOINT_ID = { description: 'The id of the endpoint.' }

@Resolver()
export class ResendAndTestSendResolver {
  @Mutation(() => Int, {
    description:
      'Queues events for an endpoint once more, all or none, and returns their number. Each delivery starts its retry ' +
      'schedule from the beginning.',
  })
  async resendWebhookEvents(
    @Ctx() { core }: Context,
    @Arg('endpointId', () => ID, ENDPOINT_ID) endpointId: string,
    @Arg('eventIds', () => [ID], {
      description: `The ids of the events, at most ${RESEND_MAX.toLocaleString('en-US')}.`,
    })
    eventIds: string[],
  ): Promise<number> {
    return resendEvents(core, endpointId, eventIds)
  }

  @Mutation(() => WebhookAttempt, {
    description:
      'Sends a sample event to an endpoint, immediately and once. The attempt is recorded like any other and never retried.',
  })
  async sendTestWebhookEvent(
    @Ctx() { core }: Context,
    @Arg('endpointId', () => ID, ENDPOINT_ID) endpointId: string,
    @Arg('type', () => String, {
      nullable: true,
      description: 'The event type of the sample. Default: the first type that the endpoint listens to.',
    })
    type: string | null,
  ): Promise<Attempt> {
    return sendTestEvent(core, endpointId, type)
  }
}
