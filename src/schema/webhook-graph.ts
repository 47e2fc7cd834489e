import { Arg, Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql'
import type { Attempt } from '../delivery/log/attempts'
import type { Delivery } from '../delivery/log/deliveries'
import { countAttempts, validateAttempts } from '../delivery/log/find-attempts'
import { countDeliveries, validateDeliveries } from '../delivery/log/find-deliveries'
import type { Endpoint } from '../endpoints/endpoint'
import type { Event } from '../events/event'
import { throwProblems } from '../failure'
import { deliveryId } from '../identifiers'
import { EMPTY_PAGE } from '../keyset-page'
import { type Connection, ConnectionArgs, connection } from './connection'
import type { Context } from './context'
import { DELIVERIES_NEED } from './permissions'
import {
  ATTEMPT_FILTER,
  WebhookAttempt,
  WebhookAttemptConnection,
  WebhookAttemptFilter,
} from './webhook-attempt'
import {
  DELIVERY_FILTER,
  WebhookDelivery,
  WebhookDeliveryConnection,
  WebhookDeliveryFilter,
} from './webhook-delivery'
import { WebhookEndpoint } from './webhook-endpoint'
import { WebhookEvent } from './webhook-event'

// The fields that lead from one type to another, so that no file of a type imports that of another.

@Resolver(() => WebhookEvent)
export class EventGraphResolver {
  @FieldResolver(() => WebhookDeliveryConnection, {
    nullable: true,
    description: `The deliveries of the event, one for each endpoint. ${DELIVERIES_NEED}`,
  })
  async deliveries(
    @Root() { id }: Event,
    @Ctx() { core: { query }, loaders }: Context,
    @Arg('filter', () => WebhookDeliveryFilter, DELIVERY_FILTER) filter: WebhookDeliveryFilter | null,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<Delivery>> {
    const conditions = filter ?? {}
    throwProblems(validateDeliveries(conditions, page))
    const found = await loaders.deliveriesOfEvent(conditions, page).load(id)
    return connection(found ?? EMPTY_PAGE, page, () => countDeliveries(query, { eventId: id }, conditions))
  }
}

@Resolver(() => WebhookDelivery)
export class DeliveryGraphResolver {
  @FieldResolver(() => WebhookEvent, { nullable: true, description: 'The event.' })
  async event(@Root() { eventId }: Delivery, @Ctx() { loaders }: Context): Promise<Event | undefined> {
    return loaders.eventById.load(eventId)
  }

  @FieldResolver(() => WebhookEndpoint, {
    nullable: true,
    description: 'The receiver, also when the endpoint is deleted.',
  })
  async endpoint(
    @Root() { endpointId }: Delivery,
    @Ctx() { loaders }: Context,
  ): Promise<Endpoint | undefined> {
    return loaders.receiverById.load(endpointId)
  }

  @FieldResolver(() => WebhookAttemptConnection, {
    nullable: true,
    description: 'The attempts, newest first.',
  })
  async attempts(
    @Root() { eventId, endpointId }: Delivery,
    @Ctx() { core: { query }, loaders }: Context,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<Attempt>> {
    throwProblems(validateAttempts({}, page))
    const found = await loaders.attemptsOfDelivery(page).load(deliveryId(eventId, endpointId))
    return connection(found ?? EMPTY_PAGE, page, () => countAttempts(query, { eventId, endpointId }, {}))
  }
}

@Resolver(() => WebhookAttempt)
export class AttemptGraphResolver {
  @FieldResolver(() => WebhookDelivery, {
    nullable: true,
    description: 'The delivery that the attempt was made for.',
  })
  async delivery(
    @Root() { eventId, endpointId }: Attempt,
    @Ctx() { loaders }: Context,
  ): Promise<Delivery | undefined> {
    return loaders.deliveryById.load(deliveryId(eventId, endpointId))
  }

  @FieldResolver(() => WebhookEndpoint, {
    nullable: true,
    description: 'The receiver, also when the endpoint is deleted.',
  })
  async endpoint(
    @Root() { endpointId }: Attempt,
    @Ctx() { loaders }: Context,
  ): Promise<Endpoint | undefined> {
    return loaders.receiverById.load(endpointId)
  }

  @FieldResolver(() => WebhookEvent, { nullable: true, description: 'The event that was sent.' })
  async event(@Root() { eventId }: Attempt, @Ctx() { loaders }: Context): Promise<Event | undefined> {
    return loaders.eventById.load(eventId)
  }
}

@Resolver(() => WebhookEndpoint)
export class EndpointGraphResolver {
  @FieldResolver(() => WebhookDeliveryConnection, {
    nullable: true,
    description: 'The deliveries to the endpoint, newest first.',
  })
  async deliveries(
    @Root() { id }: Endpoint,
    @Ctx() { core: { query }, loaders }: Context,
    @Arg('filter', () => WebhookDeliveryFilter, DELIVERY_FILTER) filter: WebhookDeliveryFilter | null,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<Delivery>> {
    const conditions = filter ?? {}
    throwProblems(validateDeliveries(conditions, page))
    const found = await loaders.deliveriesOfEndpoint(conditions, page).load(id)
    return connection(found ?? EMPTY_PAGE, page, () => countDeliveries(query, { endpointId: id }, conditions))
  }

  @FieldResolver(() => WebhookAttemptConnection, {
    nullable: true,
    description: 'The attempts at the endpoint, newest first.',
  })
  async attempts(
    @Root() { id }: Endpoint,
    @Ctx() { core: { query }, loaders }: Context,
    @Arg('filter', () => WebhookAttemptFilter, ATTEMPT_FILTER) filter: WebhookAttemptFilter | null,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<Attempt>> {
    const conditions = filter ?? {}
    throwProblems(validateAttempts(conditions, page))
    const found = await loaders.attemptsOfEndpoint(conditions, page).load(id)
    return connection(found ?? EMPTY_PAGE, page, () => countAttempts(query, { endpointId: id }, conditions))
  }
}
