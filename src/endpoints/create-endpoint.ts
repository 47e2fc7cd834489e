import { throwProblems } from '../failure'
import { newSecretRow } from '../secrets/new-secret'
import {
  type Endpoint,
  type EndpointInput,
  type EndpointsCore,
  eventTypesOf,
  writableFields,
} from './endpoint'
import { WITH_EVENT_TYPES } from './find-endpoints'
import { validateEndpoint } from './validate-endpoint'

/**
 * Creates an endpoint with its first signing secret.
 *
 * @throws Failure `validation_failed`
 */
export async function createEndpoint(core: EndpointsCore, input: EndpointInput): Promise<Endpoint> {
  throwProblems(validateEndpoint(input, 'input', core))
  return core.prisma.endpoint.create({
    data: {
      ...writableFields(input),
      target: input.target,
      events: { create: eventTypesOf(input.events)?.map((type) => ({ type })) },
      secrets: { create: newSecretRow(core.keyring) },
    },
    include: WITH_EVENT_TYPES,
  })
}
