/** Nested lists and objects. JSON parsers of receivers stop at a little more: PHP's json_decode at 512. */
export const DATA_MAX_DEPTH = 500

/** The largest `data` of an event, in bytes of its JSON text as the publisher wrote it. */
export const DATA_MAX_BYTES = 256 * 1024

/**
 * The largest body of a request that may publish, in bytes: the largest `data`, and room for what is around it. A GraphQL
 * document is the largest of that.
 */
export const PUBLISHING_BODY_MAX_BYTES = DATA_MAX_BYTES + 16 * 1024
