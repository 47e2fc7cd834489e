const HEAD = 'HTTP/1.1 200 OK\r\n'
const OK = 'Content-Length: 2\r\n\r\nok'

/** An answer as a receiver might send it, before it closes the connection. */
export interface OddAnswer {
  bytes: string
  /** the final status; null = no answer of HTTP */
  status: number | null
  /** the body as far as it came */
  body: string
  /** the connection is used again */
  isKept: boolean
}

const answer = (bytes: string, rest: Partial<OddAnswer> = {}): OddAnswer => ({
  bytes,
  status: 200,
  body: 'ok',
  isKept: false,
  ...rest,
})
const kept = (bytes: string, rest: Partial<OddAnswer> = {}) => answer(bytes, { isKept: true, ...rest })
const refused = (bytes: string) => answer(bytes, { status: null, body: '' })
const chunked = (chunks: string) => `${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}`

/** Answers of receivers in the field and of the kinds that they show, by what is odd in them. Bytes are Latin-1. */
export const ODD_ANSWERS: Record<string, OddAnswer> = {
  'nothing odd': kept(HEAD + OK),

  'F1: an interim answer that nobody wanted': kept(`HTTP/1.1 100 Continue\r\n\r\n${HEAD}${OK}`),
  'F1: interim answers of every kind': kept(
    'HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\nHTTP/1.1 102 Processing\n\n' +
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n${HEAD}${OK}`,
  ),
  'F1: a thousand interim answers': kept(`${'HTTP/1.1 102 Wait\r\n\r\n'.repeat(1_000)}${HEAD}${OK}`),
  'F1: an interim answer before an error': kept(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\n${OK}`, {
    status: 500,
  }),
  'an interim answer alone': refused('HTTP/1.1 100 Continue\r\n\r\n'),
  'another protocol that nobody wanted': refused('HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'),

  'F2: 204 with a length and a body': answer(`HTTP/1.1 204 No Content\r\n${OK}`, { status: 204, body: '' }),
  'F2: 204 with a length and no body': answer('HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n', {
    status: 204,
    body: '',
  }),
  'F2: 204 in chunks': answer('HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', {
    status: 204,
    body: '',
  }),
  'F2: 304 with the length of what it does not send': kept(
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n',
    { status: 304, body: '' },
  ),
  '204 without anything': kept('HTTP/1.1 204 No Content\r\n\r\n', { status: 204, body: '' }),
  '205 with a body': kept(`HTTP/1.1 205 Reset\r\n${OK}`, { status: 205 }),

  'F3: equal lengths': kept(`${HEAD}Content-Length: 2\r\n${OK}`),
  'F3: equal lengths in one header': kept(`${HEAD}Content-Length: 2, 2\r\n\r\nok`),
  'F3: different lengths': answer(`${HEAD}Content-Length: 1\r\n${OK}`),
  'F3: folded lines': kept(`${HEAD}X-A: 1\r\n  2\r\n\t3\r\n${OK}`),
  'F3: a folded length': kept(`${HEAD}Content-Length:\r\n 2\r\n\r\nok`),
  'F3: bare line feeds': kept('HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  'F3: mixed line ends': kept('HTTP/1.1 200 OK\nContent-Length: 2\r\n\nok'),
  'F3: two carriage returns a line': kept('HTTP/1.1 200 OK\r\r\nContent-Length: 2\r\r\n\r\r\nok'),
  'F3: odd names': kept(`${HEAD}X A(b): 1\r\n"x": 1\r\n: nameless\r\n${OK}`),
  'F3: a space before the colon': kept(`${HEAD}Content-Length : 2\r\n\r\nok`),
  'F3: an empty value': kept(`${HEAD}X-A:\r\nX-B: \r\n${OK}`),
  'F3: bytes that are not ASCII': kept(`HTTP/1.1 200 Sch\xf6n\r\nX-\xdc: \xe9\xff\r\n${OK}`),
  'F3: a null byte in a value': kept(`${HEAD}X-A: a\0b\r\n${OK}`),
  'F3: a line without a colon': kept(`${HEAD}nonsense\r\n${OK}`),
  'F3: one header of 64 KiB': kept(`${HEAD}X-A: ${'a'.repeat(64 * 1024)}\r\n${OK}`),
  'F3: 64 KiB of headers': kept(`${HEAD}${'X-Many: aaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2_000)}${OK}`),
  'a head that is far too long': refused(`${HEAD}X-A: ${'a'.repeat(150_000)}\r\n${OK}`),

  'no reason': kept(`HTTP/1.1 200 \r\n${OK}`),
  'no reason and no space': kept(`HTTP/1.1 200\r\n${OK}`),
  'a reason without a space': kept(`HTTP/1.1 200OK\r\n${OK}`),
  'two spaces': kept(`HTTP/1.1  200 OK\r\n${OK}`),
  'lower case': kept(`http/1.1 200 ok\r\ncontent-length: 2\r\n\r\nok`),
  'HTTP/1.0': answer(`HTTP/1.0 200 OK\r\n${OK}`),
  'HTTP/1.0 that keeps the connection': kept(`HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n${OK}`),
  'HTTP/1.0 in chunks': answer('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
  'HTTP/2 in words': kept(`HTTP/2 200\r\n${OK}`),
  'a status of its own': kept(`HTTP/1.1 999 Odd\r\n${OK}`, { status: 999 }),
  'a status of four digits': refused(`HTTP/1.1 2000 OK\r\n${OK}`),
  'a status of two digits': refused(`HTTP/1.1 20 OK\r\n${OK}`),
  'a status of letters': refused(`HTTP/1.1 abc OK\r\n${OK}`),

  'Connection: close': answer(`${HEAD}Connection: close\r\n${OK}`),
  'Connection: close in a list': answer(`${HEAD}Connection: x, Close\r\n${OK}`),
  'a Keep-Alive that ends at once': answer(`${HEAD}Keep-Alive: timeout=1, max=100\r\n${OK}`),
  'a Keep-Alive for no further request': answer(`${HEAD}Keep-Alive: timeout=60, max=0\r\n${OK}`),
  'no length': answer(`${HEAD}\r\nok`),
  'a length that is no number': answer(`${HEAD}Content-Length: two\r\n\r\nok`),
  'a negative length': answer(`${HEAD}Content-Length: -2\r\n\r\nok`),
  'an empty length': answer(`${HEAD}Content-Length:\r\n\r\nok`),
  'a length with a sign': kept(`${HEAD}Content-Length: +2\r\n\r\nok`),
  'a huge length': answer(`${HEAD}Content-Length: 99999999999999999999999\r\n\r\nok`),
  'less than its length': answer(`${HEAD}Content-Length: 9\r\n\r\nok`),
  'more than its length': answer(`${HEAD}Content-Length: 2\r\n\r\nok and more`),
  'an empty body': kept(`${HEAD}Content-Length: 0\r\n\r\n`, { body: '' }),
  'a body that looks like an answer': kept(`${HEAD}Content-Length: ${HEAD.length}\r\n\r\n${HEAD}`, {
    body: HEAD,
  }),

  chunks: kept(chunked('1\r\no\r\n1\r\nk\r\n0\r\n\r\n')),
  'chunks with extensions and a trailer': kept(chunked('2;a="b"\r\nok\r\n0 ;c\r\nX-T: 1\r\nX-U: 2\r\n\r\n')),
  'chunks with bare line feeds': kept(chunked('2\nok\n0\n\n')),
  'chunks with leading zeros and spaces': kept(chunked('0002  \r\nok\r\n000\r\n\r\n')),
  'chunks of upper case': kept(chunked(`A\r\n0123456789\r\n0\r\n\r\n`), { body: '0123456789' }),
  'chunks and a length': answer(
    `${HEAD}Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  ),
  'chunks in another coding': answer(
    `${HEAD}Transfer-Encoding: identity, Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  ),
  'an unknown coding': answer(`${HEAD}Transfer-Encoding: odd\r\n\r\nok`),
  'chunks that end early': answer(chunked('4\r\nok')),
  'chunks without the last one': answer(chunked('2\r\nok\r\n')),
  'chunks without a size': answer(chunked('zz\r\nok\r\n'), { body: '' }),
  'chunks of the wrong size': answer(chunked('2\r\noky\r\n0\r\n\r\n')),
  'bytes behind the chunks': answer(chunked('2\r\nok\r\n0\r\n\r\nmore')),

  'a status line alone': answer(HEAD, { body: '' }),
  'a head that ends early': answer(`${HEAD}Content-Le`, { body: '' }),
  'half a status line': refused('HTTP/1.1 200'),
  nothing: refused(''),
  'the beginning of a name': refused('HTT'),
  'an SSH server': refused('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
  'JSON alone': refused('{"ok": true}'),
  'a TLS alert': refused('\x15\x03\x01\x00\x02\x02\x46'),
  'an empty line first': refused(`\r\n${HEAD}${OK}`),
}
