import { Field, InputType, Int } from 'type-graphql'
import type { EndpointInput, EndpointPatch } from '../endpoints/endpoint'
import { TARGET_MAX_LENGTH } from '../endpoints/targets/target-policy'
import { DESCRIPTION_MAX_LENGTH } from '../endpoints/validate-endpoint'

/** The description of each writable field, in the endpoint and in both inputs. */
export const WRITABLE = {
  target:
    'The URL that events are posted to: absolute, without credentials, at most ' +
    `${TARGET_MAX_LENGTH.toLocaleString('en-US')} characters.`,
  events: 'The event types that the endpoint listens to: at least one.',
  isActive: 'Whether events are delivered.',
  description: `A note for people, at most ${DESCRIPTION_MAX_LENGTH.toLocaleString('en-US')} characters.`,
  sslCertVerification: "Whether the target's TLS certificate is verified.",
} satisfies Record<keyof EndpointInput, string>

@InputType({ description: 'An event type to listen to.' })
export class WebhookEndpointEventInput {
  @Field(() => String, { description: 'An event type of the catalogue, such as `post.created`.' })
  type!: string
}

@InputType({ description: 'A whole endpoint: to create, or to replace the stored one.' })
export class WebhookEndpointInput implements EndpointInput {
  @Field(() => String, { description: WRITABLE.target })
  target!: string

  @Field(() => [WebhookEndpointEventInput], { description: WRITABLE.events })
  events!: WebhookEndpointEventInput[]

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

  @Field(() => [WebhookEndpointEventInput], {
    nullable: true,
    description: `${WRITABLE.events} Replaces the whole set. Types that stay keep their \`addedAt\`.`,
  })
  events?: WebhookEndpointEventInput[] | null

  @Field(() => [WebhookEndpointEventInput], {
    nullable: true,
    description:
      'Event types to listen to as well. Those that the endpoint listens to already change nothing. Not together with `events`.',
  })
  addEvents?: WebhookEndpointEventInput[] | null

  @Field(() => [WebhookEndpointEventInput], {
    nullable: true,
    description:
      'Event types to listen to no longer. Others change nothing. At least one type must be left. Not together with `events`.',
  })
  removeEvents?: WebhookEndpointEventInput[] | null

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
