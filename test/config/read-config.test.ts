import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { resolve } from 'node:path'
import { ConfigError, readConfig } from '../../src/config/read-config'

const KEY = Buffer.alloc(32, 'new key').toString('base64')
const OLD_KEY = Buffer.alloc(32, 'old key').toString('base64')
const SECRET = 'a secret of the tests, longer than 32 bytes'
const PUBLIC_PEM =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA83NDGkkwOO31rJzIu2l0C3KjI/WRImNwusnaTqy5kuU=\n-----END PUBLIC KEY-----\n'
const PRIVATE_PEM = PUBLIC_PEM.replaceAll('PUBLIC', 'PRIVATE')
const PRODUCTION = { NODE_ENV: 'production', HOOKGATE_JWT_SECRET: SECRET, HOOKGATE_ENCRYPTION_KEY: KEY }

/** The lines of the error about an environment; none when the environment is valid. */
function faultsOf(environment: Record<string, string | undefined>): string[] {
  try {
    readConfig(environment)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const [, ...faults] = error.message.split('\n')
    return faults.map((fault) => fault.trim())
  }
  return []
}

describe('the defaults', () => {
  it('in development need no variable at all', () => {
    expect(readConfig({})).toEqual({
      production: false,
      host: '127.0.0.1',
      port: 4000,
      publicUrl: undefined,
      corsOrigins: [],
      database: { url: undefined, directUrl: undefined, isPooled: false, connections: 10 },
      dataDir: resolve('.hookgate'),
      auth: { key: undefined, issuer: undefined, audience: undefined, roleClaim: 'role' },
      encryptionKeys: undefined,
      revealPasswordHash: undefined,
      targets: { allowedNetworks: ['127.0.0.0/8', '::1/128'], allowHttp: true },
      eventTypesFile: undefined,
      delivery: {
        concurrency: 200,
        endpointConcurrency: 10,
        hostConcurrency: 200,
        sendTimeoutMs: 15_000,
        retrySchedule: [5, 25, 125, 625, 3125],
        retentionDays: 30,
        signatureHeader: 'SelfCommunity-Signature',
      },
      roles: ['api', 'worker'],
      logLevel: 'info',
    })
  })

  it('in production forbid private targets and plain http, and change nothing else', () => {
    const development = readConfig({ ...PRODUCTION, NODE_ENV: 'development' })
    expect(readConfig(PRODUCTION)).toEqual({
      ...development,
      production: true,
      targets: { allowedNetworks: [], allowHttp: false },
    })
  })

  it('of the tests are those of development', () => {
    expect(readConfig({ NODE_ENV: 'test' })).toEqual(readConfig({}))
  })
})

describe('a variable that is set', () => {
  const delivery = (key: string) => (config: ReturnType<typeof readConfig>) =>
    config.delivery[key as keyof typeof config.delivery]

  it.each<[string, string, (config: ReturnType<typeof readConfig>) => unknown, unknown]>([
    ['HOST', '0.0.0.0', (config) => config.host, '0.0.0.0'],
    ['PORT', '0', (config) => config.port, 0],
    ['PORT', '65535', (config) => config.port, 65_535],
    ['DATABASE_URL', 'postgres://u:p@db/x', (config) => config.database.url, 'postgres://u:p@db/x'],
    ['DATABASE_URL', 'postgresql://db:6432/x', (config) => config.database.url, 'postgresql://db:6432/x'],
    ['HOOKGATE_DATABASE_CONNECTIONS', '3', (config) => config.database.connections, 3],
    ['HOOKGATE_PUBLIC_URL', 'https://hooks.x/a/', (config) => config.publicUrl, 'https://hooks.x/a'],
    ['HOOKGATE_PUBLIC_URL', 'http://hooks.x', (config) => config.publicUrl, 'http://hooks.x'],
    [
      'HOOKGATE_CORS_ORIGINS',
      'https://a.x, http://b:3000',
      (config) => config.corsOrigins,
      ['https://a.x', 'http://b:3000'],
    ],
    ['LOG_LEVEL', 'silent', (config) => config.logLevel, 'silent'],
    ['HOOKGATE_DATA_DIR', '/var/lib/hookgate', (config) => config.dataDir, '/var/lib/hookgate'],
    ['HOOKGATE_DATA_DIR', 'data', (config) => config.dataDir, resolve('data')],
    ['HOOKGATE_JWT_SECRET', SECRET, (config) => config.auth.key, { secret: SECRET }],
    ['HOOKGATE_JWT_SECRET', 'ü'.repeat(16), (config) => config.auth.key, { secret: 'ü'.repeat(16) }],
    ['HOOKGATE_JWKS_URL', 'https://id.x/jwks', (config) => config.auth.key, { jwksUrl: 'https://id.x/jwks' }],
    ['HOOKGATE_JWT_PUBLIC_KEY', PUBLIC_PEM, (config) => config.auth.key, { publicKey: PUBLIC_PEM }],
    [
      'HOOKGATE_JWT_PUBLIC_KEY',
      PUBLIC_PEM.replaceAll('\n', '\\n'),
      (config) => config.auth.key,
      { publicKey: PUBLIC_PEM },
    ],
    ['HOOKGATE_JWT_ISSUER', 'https://id.x/', (config) => config.auth.issuer, 'https://id.x/'],
    ['HOOKGATE_JWT_AUDIENCE', 'hookgate', (config) => config.auth.audience, 'hookgate'],
    ['HOOKGATE_ROLE_CLAIM', 'realm_access.roles', (config) => config.auth.roleClaim, 'realm_access.roles'],
    ['HOOKGATE_ENCRYPTION_KEY', KEY, keysOf, [KEY]],
    ['HOOKGATE_ENCRYPTION_KEY', `${KEY}, ${OLD_KEY}`, keysOf, [KEY, OLD_KEY]],
    [
      'HOOKGATE_REVEAL_PASSWORD_HASH',
      '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2g',
      (config) => config.revealPasswordHash,
      '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2g',
    ],
    [
      'HOOKGATE_ALLOWED_NETWORKS',
      '10.0.0.0/8, fd00::/8,0.0.0.0/0,::1/128',
      (config) => config.targets.allowedNetworks,
      ['10.0.0.0/8', 'fd00::/8', '0.0.0.0/0', '::1/128'],
    ],
    ['HOOKGATE_ALLOW_HTTP', 'false', (config) => config.targets.allowHttp, false],
    ['HOOKGATE_EVENT_TYPES', '/etc/events.json', (config) => config.eventTypesFile, '/etc/events.json'],
    ['HOOKGATE_CONCURRENCY', '1', delivery('concurrency'), 1],
    ['HOOKGATE_ENDPOINT_CONCURRENCY', '3', delivery('endpointConcurrency'), 3],
    ['HOOKGATE_HOST_CONCURRENCY', '2', delivery('hostConcurrency'), 2],
    ['HOOKGATE_SEND_TIMEOUT_MS', '30000', delivery('sendTimeoutMs'), 30_000],
    [
      'HOOKGATE_DNS_SERVERS',
      '10.0.0.2, 10.0.0.3:5353,fd00::1,[fd00::2],[fd00::3]:5353',
      delivery('dnsServers'),
      ['10.0.0.2', '10.0.0.3:5353', 'fd00::1', '[fd00::2]', '[fd00::3]:5353'],
    ],
    ['HOOKGATE_RETRY_SCHEDULE', '1, 2,0.25', delivery('retrySchedule'), [1, 2, 0.25]],
    ['HOOKGATE_RETENTION_DAYS', '7', delivery('retentionDays'), 7],
    ['HOOKGATE_SIGNATURE_HEADER', 'X-Signature', delivery('signatureHeader'), 'X-Signature'],
    ['HOOKGATE_ROLES', 'worker', (config) => config.roles, ['worker']],
  ])('%s=%s', (name, value, part, expected) => {
    expect(part(readConfig({ [name]: value }))).toEqual(expected)
  })

  function keysOf(config: ReturnType<typeof readConfig>) {
    return config.encryptionKeys?.map((key) => key.toString('base64'))
  }

  it('may allow a private network and plain http in production', () => {
    const { targets } = readConfig({
      ...PRODUCTION,
      HOOKGATE_ALLOWED_NETWORKS: '10.1.0.0/16',
      HOOKGATE_ALLOW_HTTP: 'true',
    })
    expect(targets).toEqual({ allowedNetworks: ['10.1.0.0/16'], allowHttp: true })
  })
})

describe('an empty variable', () => {
  it.each([
    'NODE_ENV',
    'HOST',
    'PORT',
    'DATABASE_URL',
    'LOG_LEVEL',
    'HOOKGATE_DATABASE_CONNECTIONS',
    'HOOKGATE_DATABASE_POOLED',
    'HOOKGATE_DATABASE_DIRECT_URL',
    'HOOKGATE_PUBLIC_URL',
    'HOOKGATE_CORS_ORIGINS',
    'HOOKGATE_DATA_DIR',
    'HOOKGATE_JWT_SECRET',
    'HOOKGATE_JWKS_URL',
    'HOOKGATE_JWT_PUBLIC_KEY',
    'HOOKGATE_JWT_ISSUER',
    'HOOKGATE_JWT_AUDIENCE',
    'HOOKGATE_ROLE_CLAIM',
    'HOOKGATE_ENCRYPTION_KEY',
    'HOOKGATE_REVEAL_PASSWORD_HASH',
    'HOOKGATE_ALLOW_HTTP',
    'HOOKGATE_EVENT_TYPES',
    'HOOKGATE_CONCURRENCY',
    'HOOKGATE_ENDPOINT_CONCURRENCY',
    'HOOKGATE_SEND_TIMEOUT_MS',
    'HOOKGATE_DNS_SERVERS',
    'HOOKGATE_RETRY_SCHEDULE',
    'HOOKGATE_RETENTION_DAYS',
    'HOOKGATE_SIGNATURE_HEADER',
    'HOOKGATE_ROLES',
  ])('counts as unset: %s', (name) => {
    expect(readConfig({ [name]: '' })).toEqual(readConfig({}))
  })

  it('forbids every private network, in development too: HOOKGATE_ALLOWED_NETWORKS', () => {
    expect(readConfig({ HOOKGATE_ALLOWED_NETWORKS: '' }).targets.allowedNetworks).toEqual([])
  })

  it('does not contradict another key source', () => {
    const environment = { HOOKGATE_JWT_SECRET: SECRET, HOOKGATE_JWKS_URL: '', HOOKGATE_JWT_PUBLIC_KEY: '' }
    expect(readConfig(environment).auth.key).toEqual({ secret: SECRET })
  })

  it('is still missing where production requires it', () => {
    const faults = faultsOf({ ...PRODUCTION, HOOKGATE_JWT_SECRET: '', HOOKGATE_ENCRYPTION_KEY: '' })
    expect(faults).toHaveLength(2)
  })
})

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const pemOfCurve = (namedCurve: string) => pemOf(generateKeyPairSync('ec', { namedCurve }).publicKey)
const PEM_OF_X25519 = pemOf(generateKeyPairSync('x25519').publicKey)
const PEM_OF_GARBAGE = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'

const BAD_VALUES: Record<string, string[]> = {
  NODE_ENV: ['staging', 'Production', 'prod', ' '],
  PORT: ['-1', '65536', '4000.5', '4e3', '0x10', 'http', ' ', '99999999999999999999'],
  DATABASE_URL: ['localhost', 'mysql://db/x', 'https://db/x', ' '],
  HOOKGATE_DATABASE_CONNECTIONS: ['2', '0', '-1', '1.5', 'many'],
  HOOKGATE_DATABASE_POOLED: ['yes', '1'],
  HOOKGATE_DATABASE_DIRECT_URL: ['localhost', 'mysql://db/x'],
  HOOKGATE_PUBLIC_URL: [
    'hooks.x',
    '/webhooks',
    'ftp://hooks.x',
    'https://u:p@hooks.x',
    'https://hooks.x?a',
    'https://hooks.x#a',
  ],
  HOOKGATE_CORS_ORIGINS: ['*', 'null', 'app.x', 'https://app.x/', 'https://app.x/path', 'https://a.x,b.x'],
  LOG_LEVEL: ['verbose', 'INFO'],
  HOOKGATE_JWT_SECRET: ['short', 'x'.repeat(31)],
  HOOKGATE_JWKS_URL: [
    'id.example.com/jwks',
    'ftp://id.example.com/jwks',
    'file:///etc/passwd',
    'https://u:p@id.x/jwks',
  ],
  HOOKGATE_JWT_PUBLIC_KEY: ['key', PRIVATE_PEM, PEM_OF_GARBAGE, pemOfCurve('P-384'), PEM_OF_X25519],
  HOOKGATE_ENCRYPTION_KEY: [
    'key',
    Buffer.alloc(16).toString('base64'),
    Buffer.alloc(33).toString('base64'),
    Buffer.alloc(32).toString('hex'),
    `${KEY},key`,
    `${KEY.slice(0, 20)}!${KEY.slice(20)}`,
    ',',
  ],
  HOOKGATE_REVEAL_PASSWORD_HASH: ['hunter2', '$2b$10$abcdefghijklmnopqrstuv', '$argon2id$', '$scrypt$'],
  HOOKGATE_ALLOWED_NETWORKS: [
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/9',
    '10.0.0/8',
    '::1/129',
    'example.com/8',
    '127.0.0.0/8,private',
  ],
  HOOKGATE_ALLOW_HTTP: ['yes', '1', 'TRUE'],
  HOOKGATE_CONCURRENCY: ['0', '-1', '1.5', 'many'],
  HOOKGATE_ENDPOINT_CONCURRENCY: ['0', '-1', '1.5', 'many'],
  HOOKGATE_SEND_TIMEOUT_MS: ['0', '-1', '1.5', '15s'],
  HOOKGATE_DNS_SERVERS: [
    'ns.example.com',
    '10.0.0.2:dns',
    '10.0.0.2:0',
    '10.0.0.2:65536',
    '[10.0.0.2]:53',
    '10.0.0.2,',
  ],
  HOOKGATE_RETRY_SCHEDULE: ['5,soon', '-5', '0.0005', '.5', '5;25', ','],
  HOOKGATE_RETENTION_DAYS: ['0', '-1', '1.5', '30d'],
  HOOKGATE_SIGNATURE_HEADER: ['My Header', 'X:Signature', 'X-Signature\r\nX-Other', 'Ünterschrift'],
  HOOKGATE_ROLES: ['admin', 'api,web', 'API', ','],
}

describe('a bad value', () => {
  const rows = Object.entries(BAD_VALUES).flatMap(([name, values]) => values.map((value) => [name, value]))

  it.each(rows)('is refused by the name of its variable: %s=%j', (name = '', value = '') => {
    const faults = faultsOf({ [name]: value })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(new RegExp(`^${name} `))
  })

  it('is refused together with all others, a line each', () => {
    const environment = Object.fromEntries(
      Object.entries(BAD_VALUES).map(([name, [value]]) => [name, value] as const),
    )
    const named = faultsOf({ ...environment, HOOKGATE_COLOUR: 'blue' }).map((fault) => fault.split(' ')[0])
    // The three key sources also contradict each other.
    expect(named.filter((name) => !name?.endsWith(',')).sort()).toEqual(
      [...Object.keys(BAD_VALUES), 'HOOKGATE_COLOUR'].sort(),
    )
    expect(named).toContain('HOOKGATE_JWT_SECRET,')
  })

  const MARK = 'hunter2:S3CR3T'

  it.each([
    ...Object.keys(BAD_VALUES).map((name) => [name, MARK]),
    ['HOOKGATE_JWT_SECRET', MARK],
    ['DATABASE_URL', `mysql://admin:${MARK}@db/x`],
    ['DATABASE_URL', `postgresql://admin:${MARK}@db:port/x`],
    ['HOOKGATE_JWKS_URL', `ftp://admin:${MARK}@id.example.com/`],
    ['HOOKGATE_JWT_PUBLIC_KEY', PRIVATE_PEM.replace('KEY-----\n', `KEY-----\n${MARK}`)],
    ['HOOKGATE_ENCRYPTION_KEY', `${KEY},${MARK}`],
    ['HOOKGATE_ALLOWED_NETWORKS', `10.0.0.0/8,${MARK}/8`],
    ['HOOKGATE_ALLOWED_NETWORKS', `fe80::1%${MARK}/999`],
    ['HOOKGATE_PASSWORD', MARK],
  ])('is never repeated, it may be a secret: %s=%s', (name = '', value = '') => {
    const message = faultsOf({ [name]: value }).join('\n')
    expect(message).toContain(name)
    expect(message).not.toContain(MARK)
  })
})

describe('the variables that Kubernetes and Docker links inject', () => {
  it.each([
    'HOOKGATE_SERVICE_HOST',
    'HOOKGATE_SERVICE_PORT',
    'HOOKGATE_SERVICE_PORT_HTTP',
    'HOOKGATE_PORT',
    'HOOKGATE_PORT_4000_TCP',
    'HOOKGATE_PORT_4000_TCP_ADDR',
    'HOOKGATE_PORT_4000_TCP_PORT',
    'HOOKGATE_PORT_4000_TCP_PROTO',
    'HOOKGATE_PORT_53_UDP',
    'HOOKGATE_DB_SERVICE_HOST',
    'HOOKGATE_DB_PORT_5432_TCP_ADDR',
    'HOOKGATE_JWT_PORT',
  ])('change nothing: %s', (name) => {
    expect(readConfig({ [name]: 'tcp://10.0.0.1:4000' })).toEqual(readConfig({}))
  })
})

describe('a name that starts with HOOKGATE_ and means nothing', () => {
  it.each([
    ['HOOKGATE_JWT_SECRETS', 'HOOKGATE_JWT_SECRET'],
    ['HOOKGATE_PUBLICURL', 'HOOKGATE_PUBLIC_URL'],
    ['HOOKGATE_RETENTION_DAY', 'HOOKGATE_RETENTION_DAYS'],
    ['HOOKGATE_DATABASE_URL', 'DATABASE_URL'],
  ])('is refused with the nearest name: %s', (name, nearest) => {
    expect(faultsOf({ [name]: 'x' })).toEqual([
      `${name} is not a variable of Hookgate: did you mean ${nearest}?`,
    ])
  })

  it.each(['HOOKGATE_JWT_SECRETS', 'HOOKGATE_', 'HOOKGATE_jwt_secret', 'HOOKGATE___PROTO__'])(
    'is refused: %s',
    (name) => {
      const faults = faultsOf({ [name]: 'x' })
      expect(faults).toHaveLength(1)
      expect(faults[0]).toMatch(new RegExp(`^${name} `))
    },
  )

  it('is refused when it is empty as well', () => {
    expect(faultsOf({ HOOKGATE_COLOUR: '' })).toEqual([expect.stringMatching(/^HOOKGATE_COLOUR /)])
  })

  it('leaves the variables of other programs alone', () => {
    const others = { PATH: '/bin', HOSTNAME: 'x', HOME: '/', hookgate_jwt_secret: 'x', MY_HOOKGATE_X: 'x' }
    expect(readConfig(others)).toEqual(readConfig({}))
  })
})

describe('a variable of a database server', () => {
  it.each(['HOOKGATE_DATABASE_POOLED', 'HOOKGATE_DATABASE_DIRECT_URL'])('requires the server: %s', (name) => {
    const value = name.endsWith('URL') ? 'postgresql://db/x' : 'true'
    expect(faultsOf({ [name]: value })).toEqual([`${name} requires DATABASE_URL`])
    const { database } = readConfig({ [name]: value, DATABASE_URL: 'postgresql://pooler/x' })
    expect(Object.values(database)).toContain(name.endsWith('URL') ? value : true)
  })
})

describe('contradictory key sources', () => {
  const sources = {
    HOOKGATE_JWT_SECRET: SECRET,
    HOOKGATE_JWKS_URL: 'https://id.example.com/jwks',
    HOOKGATE_JWT_PUBLIC_KEY: PUBLIC_PEM,
  }

  it.each([
    [['HOOKGATE_JWT_SECRET', 'HOOKGATE_JWKS_URL']],
    [['HOOKGATE_JWT_SECRET', 'HOOKGATE_JWT_PUBLIC_KEY']],
    [['HOOKGATE_JWKS_URL', 'HOOKGATE_JWT_PUBLIC_KEY']],
    [Object.keys(sources)],
  ])('are refused in one line that names them all: %j', (names) => {
    const faults = faultsOf(
      Object.fromEntries(Object.entries(sources).filter(([name]) => names.includes(name))),
    )
    expect(faults).toHaveLength(1)
    for (const name of names) expect(faults[0]).toContain(name)
  })
})

describe('production', () => {
  const TOKENS_FOR_US = { HOOKGATE_JWT_ISSUER: 'https://id.example.com/', HOOKGATE_JWT_AUDIENCE: 'hookgate' }

  it.each([
    [{ HOOKGATE_JWKS_URL: 'https://id.example.com/jwks' }],
    [{ HOOKGATE_JWT_PUBLIC_KEY: PUBLIC_PEM }],
  ])('requires issuer and audience for tokens of an identity provider: %j', (source) => {
    const faults = faultsOf({ NODE_ENV: 'production', HOOKGATE_ENCRYPTION_KEY: KEY, ...source })
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual(Object.keys(TOKENS_FOR_US))
  })

  it('requires https for the keys of an identity provider', () => {
    const environment = { NODE_ENV: 'production', HOOKGATE_ENCRYPTION_KEY: KEY, ...TOKENS_FOR_US }
    expect(faultsOf({ ...environment, HOOKGATE_JWKS_URL: 'http://id.example.com/jwks' })).toEqual([
      expect.stringMatching(/^HOOKGATE_JWKS_URL must be a https:/),
    ])
  })

  it('requires a key for tokens and one for secrets, and reports both at once', () => {
    const faults = faultsOf({ NODE_ENV: 'production' })
    expect(faults).toHaveLength(2)
    expect(faults[0]).toContain('HOOKGATE_JWT_SECRET')
    expect(faults[0]).toContain('HOOKGATE_JWKS_URL')
    expect(faults[0]).toContain('HOOKGATE_JWT_PUBLIC_KEY')
    expect(faults[1]).toContain('HOOKGATE_ENCRYPTION_KEY')
  })

  it('reports missing and bad variables together', () => {
    const faults = faultsOf({ NODE_ENV: 'production', PORT: 'http', HOOKGATE_JWT_SECRET: SECRET })
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(['HOOKGATE_ENCRYPTION_KEY', 'PORT'])
  })

  it.each([
    [{ HOOKGATE_JWT_SECRET: SECRET }],
    [{ HOOKGATE_JWKS_URL: 'https://id.example.com/jwks', ...TOKENS_FOR_US }],
    [{ HOOKGATE_JWT_PUBLIC_KEY: PUBLIC_PEM, ...TOKENS_FOR_US }],
  ])('starts with any one key source: %j', (source) => {
    const environment = { NODE_ENV: 'production', HOOKGATE_ENCRYPTION_KEY: KEY, ...source }
    expect(readConfig(environment).production).toBe(true)
  })
})
