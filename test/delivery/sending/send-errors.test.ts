import { NameLookupError } from '../../../src/delivery/sending/names/name-errors'
import { describeError, errorClass, isOwnTrouble } from '../../../src/delivery/sending/send-errors'

const withCode = (code: string, message = 'it failed') => Object.assign(new Error(message), { code })

describe('an error', () => {
  it.each([
    ['DNS', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA'],
    ['CONNECTION', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'],
    ['ABORTED', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EAI_MEMORY', 'NO_NAME_SERVER'],
    ['CONNECTION', 'NO_ANSWER', ''],
    ['TIMEOUT', 'ETIMEDOUT'],
    ['TLS', 'EPROTO', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER', 'CERT_HAS_EXPIRED'],
    ['TLS', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'],
    ['TLS', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['TLS', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_REVOKED', 'HOSTNAME_MISMATCH', 'INVALID_PURPOSE'],
    ['BLOCKED_ADDRESS', 'BLOCKED_ADDRESS'],
  ])('has the class %s with any of these codes: %s %s %s %s', (expected, ...codes) => {
    for (const code of codes) expect([code, errorClass(withCode(code))]).toEqual([code, expected])
  })

  it.each([[new Error('odd')], ['odd'], [undefined], [null]])('without a code is CONNECTION: %p', (error) => {
    expect(errorClass(error)).toBe('CONNECTION')
  })
})

describe('the gateway itself lacks something', () => {
  it.each([
    ['descriptors for a socket', withCode('EMFILE')],
    ['descriptors for a name lookup', new NameLookupError('no name', { cause: withCode('EMFILE') })],
    ['descriptors for each of several addresses', Object.assign(new AggregateError([]), { code: 'EMFILE' })],
    ['memory of OpenSSL', withCode('ERR_SSL_MALLOC_FAILURE')],
    ['a local port', Object.assign(withCode('EADDRNOTAVAIL'), { address: '192.0.2.1' })],
  ])('%s', (_, error) => {
    expect(isOwnTrouble(error)).toBe(true)
    expect(errorClass(error)).toBe('ABORTED')
  })

  it.each([
    ['a name that is not known', new NameLookupError('no name', { cause: withCode('ENOTFOUND') })],
    ['an IPv6 address without IPv6', Object.assign(withCode('EADDRNOTAVAIL'), { address: '2001:db8::1' })],
    ['a receiver that is down', withCode('ECONNREFUSED')],
    ['nothing', undefined],
  ])('but not: %s', (_, error) => {
    expect(isOwnTrouble(error)).toBe(false)
  })
})

describe('the description of an error', () => {
  it.each([
    ['its message', new Error('odd'), 'odd'],
    ['its code when the message lacks it', withCode('EODD', 'odd'), 'odd (EODD)'],
    ['its code once', withCode('EODD', 'connect EODD 1.2.3.4'), 'connect EODD 1.2.3.4'],
    ['its causes', new Error('outer', { cause: withCode('EODD') }), 'outer: it failed (EODD)'],
    ['all of several', new AggregateError([new Error('a'), new Error('b')]), 'a, b'],
    ['a thrown value that is no error', 'odd', 'odd'],
  ])('has %s', (_, error, expected) => {
    expect(describeError(error)).toBe(expected)
  })

  it('has at most 500 characters', () => {
    const endless = new Error('x'.repeat(10_000))
    endless.cause = endless
    expect(describeError(endless)).toHaveLength(500)
  })
})
