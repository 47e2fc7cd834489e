import {
  createEndpoint,
  deleteEndpoint,
  eventTypes,
  getEndpoint,
  listEndpoints,
  replaceEndpoint,
  updateEndpoint,
} from './examples/endpoints'
import { getEvent, listEvents, publishEvent, resendEvents, sendTestEvent } from './examples/events'
import type { Example } from './examples/example'
import { attemptPage, getAttempt, getDelivery, listAttempts, listDeliveries } from './examples/log'
import { expireSecret, revealSecret } from './examples/secrets'

/**
 * The tabs of the first visit, one for each operation, the most used first. The examples are plain data without a browser, so
 * that a test can validate each document and its variables against the schema. Targets are on this machine: development
 * allows them, production does not.
 */
export const examples: readonly Example[] = [
  updateEndpoint,
  createEndpoint,
  listEndpoints,
  getEndpoint,
  eventTypes,
  publishEvent,
  getEvent,
  listAttempts,
  getAttempt,
  listDeliveries,
  getDelivery,
  listEvents,
  sendTestEvent,
  resendEvents,
  revealSecret,
  expireSecret,
  replaceEndpoint,
  deleteEndpoint,
  attemptPage,
]
