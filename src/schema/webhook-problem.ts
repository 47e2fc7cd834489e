import { Field, ObjectType, registerEnumType } from 'type-graphql'
import type { ProblemCode as Code } from '../failure'

const CODES: Record<Code, { description: string }> = {
  REQUIRED: { description: 'The value is missing.' },
  NULL_NOT_ALLOWED: { description: 'The value must not be null.' },
  INVALID_URL: { description: 'The value is not an absolute `http:` or `https:` URL without credentials.' },
  SCHEME_NOT_ALLOWED: { description: 'The operator does not allow this scheme.' },
  ADDRESS_NOT_ALLOWED: { description: 'The target is in a network that the operator does not allow.' },
  TOO_LONG: { description: 'The value is too long.' },
  OUT_OF_RANGE: { description: 'The value is too small or too large.' },
  INVALID_CHARACTER: { description: 'The value has a character that cannot be stored.' },
  UNKNOWN_EVENT_TYPE: { description: 'The catalogue has no such event type.' },
  UNKNOWN_ID: { description: 'There is no object with this id.' },
  INVALID_CURSOR: { description: 'The value is not a cursor of this list.' },
  EMPTY: { description: 'The value must not be empty.' },
  EXCLUSIVE: { description: 'The value and another one exclude each other.' },
}

const ProblemCode = Object.fromEntries(Object.keys(CODES).map((code) => [code, code]))

registerEnumType(ProblemCode, {
  name: 'WebhookProblemCode',
  description: 'What is wrong with a value of the input.',
  valuesConfig: CODES,
})

/** Errors carry problems in `extensions.problems`, in the shape of this type. */
@ObjectType({
  simpleResolvers: true,
  description:
    'One problem of the input. An error `VALIDATION_FAILED` lists all of them in `extensions.problems`.',
})
export class WebhookProblem {
  @Field(() => [String], {
    description: 'The path to the value, from the argument on: `["patch", "events", "1", "type"]`.',
  })
  path!: string[]

  @Field(() => ProblemCode, { description: 'What is wrong, for programs.' })
  code!: Code

  @Field(() => String, { description: 'What is wrong, for people.' })
  message!: string
}
