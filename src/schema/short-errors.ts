import type { GraphQLFormattedError } from 'graphql'
import { MESSAGE_MAX_LENGTH, shortMessage } from '../short-text'

type FormatError = (formatted: GraphQLFormattedError, thrown: unknown) => GraphQLFormattedError

/** Wraps Apollo's `formatError`, so that no message of an answer repeats a large input. */
export const withShortMessages =
  (format: FormatError): FormatError =>
  (formatted, thrown) => {
    const error = format(formatted, thrown)
    if (error.message.length <= MESSAGE_MAX_LENGTH) return error
    return { ...error, message: shortMessage(error.message) }
  }
