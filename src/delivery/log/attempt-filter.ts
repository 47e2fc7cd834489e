import type { Problem } from '../../failure'
import { Prisma } from '../../generated/prisma/client'
import type { AttemptError, AttemptOutcome, AttemptTrigger } from '../../generated/prisma/enums'
import { type Span, validateSpan } from '../../keyset-page'
import { validateText } from '../../validate-text'
import { isIn, scopeOf } from './log-scope'

/** Every given condition must hold; null = not given. An empty list matches nothing. */
export interface AttemptFilter extends Span {
  endpointId?: string | null
  eventId?: string | null
  eventType?: string | null
  outcome?: AttemptOutcome[] | null
  error?: AttemptError[] | null
  /** inclusive; an attempt without a status does not match */
  responseStatusFrom?: number | null
  responseStatusTo?: number | null
  trigger?: AttemptTrigger[] | null
}

export const validateAttemptFilter = (filter: AttemptFilter): Problem[] => [
  ...validateSpan(filter),
  ...(filter.eventType == null ? [] : validateText(filter.eventType, ['filter', 'eventType'])),
]

/** Whether a filter has no condition but its span of time. */
export const isPlain = ({ since: _since, until: _until, ...conditions }: AttemptFilter): boolean =>
  Object.values(conditions).every((condition) => condition == null)

/** The conditions on a row of attempts, called attempt, but for the span of time. */
export function matches(filter: AttemptFilter): Prisma.Sql {
  const { outcome = null, error = null, trigger = null, eventType = null } = filter
  const { responseStatusFrom: from = null, responseStatusTo: to = null } = filter
  return Prisma.sql`
    ${isIn(scopeOf(filter), 'attempt')}
    AND (${outcome}::text[] IS NULL OR attempt.outcome::text = ANY (${outcome}::text[]))
    AND (${error}::text[] IS NULL OR attempt.error::text = ANY (${error}::text[]))
    AND (${trigger}::text[] IS NULL OR attempt.trigger::text = ANY (${trigger}::text[]))
    AND (${from}::integer IS NULL OR attempt.response_status >= ${from}::integer)
    AND (${to}::integer IS NULL OR attempt.response_status <= ${to}::integer)
    AND (${eventType}::text IS NULL OR EXISTS (
      SELECT FROM events WHERE events.id = attempt.event_id AND events.type = ${eventType}::text
    ))`
}
