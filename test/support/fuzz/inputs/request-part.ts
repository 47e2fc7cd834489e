import fc from 'fast-check'
import type { Validity } from '../model/expected-outcomes'
import { anyJson, malformedJson } from './unusual-values'

/**
 * A part of a request, such as a body, a GraphQL variable or a query parameter. It is kept as text, because not every
 * JSON text survives parsing and printing.
 */
export interface RequestPart {
  text: string
  validity: Validity
}

/** @param value is printed as JSON */
export const validJson = (value: unknown): RequestPart => ({ text: JSON.stringify(value), validity: 'valid' })

/** @param value is printed as JSON */
export const invalidJson = (value: unknown): RequestPart => ({
  text: JSON.stringify(value),
  validity: 'invalid',
})

export const validText = (text: string): RequestPart => ({ text, validity: 'valid' })

export const invalidText = (text: string): RequestPart => ({ text, validity: 'invalid' })

/** Replaces a JSON object now and then by malformed JSON, by JSON that is no object, or by an empty text. */
export const sometimesNoObject = (object: fc.Arbitrary<RequestPart>): fc.Arbitrary<RequestPart> =>
  fc.oneof(
    { weight: 20, arbitrary: object },
    { weight: 1, arbitrary: malformedJson.map(invalidText) },
    { weight: 1, arbitrary: anyJson.filter((text) => !text.trim().startsWith('{')).map(invalidText) },
    { weight: 1, arbitrary: fc.constant(invalidText('')) },
  )

const BODY_LIMIT_BYTES = 256 * 1024
/** A body that may publish has room for 256 KiB of data and what is around them. */
const PUBLISHING_BODY_LIMIT_BYTES = 272 * 1024

export const isTooLarge = (body: string, mayPublish: boolean) =>
  Buffer.byteLength(body) > (mayPublish ? PUBLISHING_BODY_LIMIT_BYTES : BODY_LIMIT_BYTES)
