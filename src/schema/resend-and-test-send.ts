import { Arg, Ctx, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Attempt } from '../delivery/log/attempts'
import type { Delivery } from '../delivery/log/deliveries'
import { RESEND_MAX, resendEvents } from '../delivery/resend'
import { sendTestEvent } from '../delivery/test-send'
import type { Context } from './context'
import { WebhookAttempt } from './webhook-attempt'
import { WebhookDelivery } from './webhook-delivery'

const ENDPOINT_ID = { description: 'The id of the endpoint.' }

@ObjectType({ simpleResolvers: true, description: 'The result of a resend.' })
export class ResendWebhookEventsPayload {
  @Field(() => [WebhookDelivery], {
    description: 'The deliveries, each once, in the order in which their events were given.',
  })
  deliveries!: Delivery[]
}

@Resolver()
export class ResendAndTestSendResolver {
  @Mutation(() => ResendWebhookEventsPayload, {
    nullable: true,
    description:
      'Queues events for an endpoint once more, all or none. Each delivery starts its retry schedule from the beginning. While ' +
      'the endpoint is switched off, the deliveries wait.',
  })
  async resendWebhookEvents(
    @Ctx() { core }: Context,
    @Arg('endpointId', () => ID, ENDPOINT_ID) endpointId: string,
    @Arg('eventIds', () => [ID], {
      description: `The ids of the events, at most ${RESEND_MAX.toLocaleString('en-US')}.`,
    })
    eventIds: string[],
  ): Promise<ResendWebhookEventsPayload> {
    return { deliveries: await resendEvents(core, endpointId, eventIds) }
  }

  @Mutation(() => WebhookAttempt, {
    nullable: true,
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
