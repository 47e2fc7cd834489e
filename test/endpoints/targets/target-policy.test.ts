import { targetPolicy, type ValidateTarget } from '../../../src/endpoints/targets/target-policy'

const PATH = ['patch', 'target']
const production = targetPolicy({ allowHttp: false, allowedNetworks: [] })
const withHttp = targetPolicy({ allowHttp: true, allowedNetworks: [] })
const development = targetPolicy({ allowHttp: true, allowedNetworks: ['127.0.0.0/8', '::1/128'] })

const codesOf = (validate: ValidateTarget, target: string) => validate(target, PATH).map(({ code }) => code)

describe('a target', () => {
  it.each([
    'https://example.com',
    'https://example.com/',
    'https://example.com/webhooks/here?token=a%20b&x=1#part',
    'https://sub.domain.example.com/a/../b',
    'https://example.com:8443/hook',
    'https://example.com:65535',
    'https://example.com.',
    'HTTPS://EXAMPLE.COM/Hook',
    'https://bücher.example/überall',
    'https://xn--bcher-kva.example/',
    'https://例え.テスト/',
    'https://example.com/emoji/🔑',
    'https://8.8.8.8/',
    'https://134744072/',
    'https://[2606:4700:4700::1111]:443/',
    'https://localhost.example.com',
    'https://notlocalhost',
    'https://my-localhost.example',
    'https://10.0.0.1.example.com',
    'https://under_score.example.com',
  ])('may be %s', (target) => {
    expect(production(target, PATH)).toEqual([])
  })

  it('may be plain http where the operator allows it', () => {
    expect(codesOf(withHttp, 'http://example.com')).toEqual([])
    expect(codesOf(withHttp, 'HTTP://example.com')).toEqual([])
    expect(codesOf(production, 'http://example.com')).toEqual(['SCHEME_NOT_ALLOWED'])
    expect(codesOf(production, 'HTTP://example.com')).toEqual(['SCHEME_NOT_ALLOWED'])
  })

  it.each(['ftp://example.com', 'file:///etc/passwd', 'ws://example.com', 'mailto:a@example.com', 'data:,x'])(
    'may have no other scheme: %s',
    (target) => {
      expect(codesOf(development, target)).toContain('SCHEME_NOT_ALLOWED')
    },
  )

  it.each([
    '',
    ' ',
    'example',
    'example.com',
    '/webhooks',
    '//example.com/webhooks',
    '?x=1',
    'https',
    'https:',
    'https://',
    'https:///',
    'https://?x',
    'https://:443',
    'https://user@',
    'https:example.com',
    'https:/example.com',
    'https://exa mple.com',
    'https://example.com:65536',
    'https://example.com:port',
    'https://example.com:-1',
    'https://[::1',
    'https://[fe80::1%25eth0]/',
    'https://256.0.0.1',
    'https://1.2.3.4.5',
    'https://ex%00ample.com',
    'https://exam<ple.com',
  ])('must be an absolute URL: %j is not', (target) => {
    expect(codesOf(development, target)).toEqual(['INVALID_URL'])
  })

  it.each([
    ['a leading space', ' https://example.com'],
    ['a trailing space', 'https://example.com '],
    ['a space in the path', 'https://example.com/a b'],
    ['a tab', 'https://exam\tple.com'],
    ['a line feed', 'https://example.com\n'],
    ['a carriage return', 'https://example.com/\r'],
    ['a null', 'https://example.com/\0'],
    ['a delete', 'https://example.com/\x7f'],
    ['an escape', '\x1bhttps://example.com'],
    ['a backslash for a slash', 'https:\\\\example.com'],
    ['a backslash in the path', 'https://example.com\\hook'],
    ['half of a surrogate pair', 'https://example.com/\ud83d'],
    ['a no-break space in front', '\u00a0https://example.com'],
    ['a third slash', 'https:///example.com'],
    ['many slashes', 'https://////example.com'],
  ])('must need no repair: %s', (_repair, target) => {
    expect(codesOf(development, target)).toEqual(['INVALID_URL'])
  })

  it.each(['https://user@example.com', 'https://user:pass@example.com', 'https://:pass@example.com/'])(
    'must not contain credentials: %s',
    (target) => {
      expect(codesOf(development, target)).toEqual(['INVALID_URL'])
    },
  )
})

describe('the address of a target', () => {
  const LOOPBACK = [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '0X7F.1',
    '0177.0.0.1',
    '0177.1',
    '017700000001',
    '127.0.0.1.',
    '127.255.255.254',
    '%31%32%37.0.0.1',
    '127。0。0。1',
    '１２７.0.0.1',
    '①②⑦.1',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
  ]
  const LOCAL_NAMES = [
    'localhost',
    'LocalHost',
    'localhost.',
    'app.localhost',
    'a.b.LOCALHOST',
    'app.localhost.',
    'loc%61lhost',
    'ｌocalhost',
  ]

  it.each([...LOOPBACK, ...LOCAL_NAMES])(
    'is recognized in every notation, with or without a port: %s',
    (host) => {
      expect(codesOf(production, `https://${host}`)).toEqual(['ADDRESS_NOT_ALLOWED'])
      expect(codesOf(production, `https://${host}:8443/hook`)).toEqual(['ADDRESS_NOT_ALLOWED'])
      expect(codesOf(withHttp, `http://${host}/`)).toEqual(['ADDRESS_NOT_ALLOWED'])
    },
  )

  it.each([...LOOPBACK, ...LOCAL_NAMES])('may be this machine in development: %s', (host) => {
    expect(codesOf(development, `http://${host}:3000/hook`)).toEqual([])
  })

  it.each([
    '0.0.0.0',
    '0',
    '10.0.0.1',
    '10.1',
    '0xa000001',
    '012.0.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '0xA9FEA9FE',
    '172.16.0.1',
    '192.168.1.1',
    '192.168.257',
    '255.255.255.255',
    '[::]',
    '[fd00::1]',
    '[fe80::1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::a00:1]',
    '[2002:a00:1::]',
  ])('may not be another private address in development: %s', (host) => {
    expect(codesOf(development, `https://${host}/hook`)).toEqual(['ADDRESS_NOT_ALLOWED'])
  })

  it('may be private where the operator allows its network', () => {
    const validate = targetPolicy({ allowHttp: false, allowedNetworks: ['10.0.0.0/8', 'fd00::/8'] })
    expect(codesOf(validate, 'https://10.1.2.3/')).toEqual([])
    expect(codesOf(validate, 'https://0xa010203/')).toEqual([])
    expect(codesOf(validate, 'https://[fd12::1]/')).toEqual([])
    expect(codesOf(validate, 'https://192.168.0.1/')).toEqual(['ADDRESS_NOT_ALLOWED'])
    expect(codesOf(validate, 'https://localhost/')).toEqual(['ADDRESS_NOT_ALLOWED'])
  })
})

describe('the length of a target', () => {
  const ofLength = (length: number) => 'https://example.com/'.padEnd(length, 'x')

  it('may be 2,048 characters', () => {
    expect(codesOf(production, ofLength(2_047))).toEqual([])
    expect(codesOf(production, ofLength(2_048))).toEqual([])
    expect(codesOf(production, ofLength(2_049))).toEqual(['TOO_LONG'])
    expect(codesOf(production, ofLength(200_000))).toEqual(['TOO_LONG'])
  })

  it('is reported without the target', () => {
    const [problem] = production(ofLength(200_000), PATH)
    expect(problem?.message.length).toBeLessThan(200)
  })
})

describe('several problems of one target', () => {
  const long = `/${'x'.repeat(2_048)}`

  it.each<[string, string, string[]]>([
    ['too long, and not a URL', long, ['INVALID_URL', 'TOO_LONG']],
    ['too long, and private', `https://10.0.0.1${long}`, ['ADDRESS_NOT_ALLOWED', 'TOO_LONG']],
    ['credentials, and private', 'https://a:b@10.0.0.1', ['ADDRESS_NOT_ALLOWED', 'INVALID_URL']],
    ['plain http, and private', 'http://10.0.0.1', ['ADDRESS_NOT_ALLOWED', 'SCHEME_NOT_ALLOWED']],
    ['plain http, and credentials', 'http://a:b@example.com', ['INVALID_URL', 'SCHEME_NOT_ALLOWED']],
    [
      'everything',
      `http://a:b@10.0.0.1${long}`,
      ['ADDRESS_NOT_ALLOWED', 'INVALID_URL', 'SCHEME_NOT_ALLOWED', 'TOO_LONG'],
    ],
  ])('are all reported: %s', (_case, target, codes) => {
    expect(codesOf(production, target).sort()).toEqual(codes)
  })

  it('have the path of the target', () => {
    const problems = production(`https://a:b@10.0.0.1${long}`, ['input', 'target'])
    expect(problems).toHaveLength(3)
    for (const { path } of problems) expect(path).toEqual(['input', 'target'])
  })

  it('do not repeat the credentials', () => {
    const messages = production('https://alice:S3CR3T@10.0.0.1/', PATH).map(({ message }) => message)
    expect(messages.join(' ')).not.toMatch(/alice|S3CR3T/)
  })
})
