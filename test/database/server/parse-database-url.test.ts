import {
  type DatabaseAddress,
  DatabaseAddressError,
  placeOf,
} from '../../../src/database/server/address/database-address'
import { parseDatabaseUrl } from '../../../src/database/server/address/parse-database-url'

const read = (url: string) => {
  const { hosts, user, password, database, schema } = parseDatabaseUrl(url)
  return { hosts: placeOf({ hosts }), user, password, database, schema }
}

describe('an address in the forms of libpq', () => {
  it.each<[string, Partial<ReturnType<typeof read>>]>([
    ['postgresql://db.example.com', { hosts: 'db.example.com:5432' }],
    ['postgres://u@h:6000/d', { hosts: 'h:6000', user: 'u', database: 'd', password: undefined }],
    ['postgresql://u:p@h/d', { user: 'u', password: 'p', hosts: 'h:5432', database: 'd' }],
    ['postgresql://u:@h/d', { user: 'u', password: '' }],
    ['postgresql://h1,h2/d', { hosts: 'h1:5432, h2:5432' }],
    ['postgresql://u:p@h1:6001,h2:6002/d', { hosts: 'h1:6001, h2:6002' }],
    ['postgresql://h1:6001,h2,[::1]:6003/d', { hosts: 'h1:6001, h2:5432, [::1]:6003' }],
    ['postgresql:///d?host=h1,h2&port=6001,6002', { hosts: 'h1:6001, h2:6002', database: 'd' }],
    ['postgresql:///d?host=h1,h2&port=6001', { hosts: 'h1:6001, h2:6001' }],
    ['postgresql:///d?host=/var/run/postgresql', { hosts: '/var/run/postgresql:5432' }],
    ['postgresql://u@/d?host=/run/pg&port=6000', { hosts: '/run/pg:6000', user: 'u' }],
    ['postgresql://%2Fvar%2Frun%2Fpostgresql/d', { hosts: '/var/run/postgresql:5432' }],
    ['postgresql://%2Frun%2Fpg:6000/d', { hosts: '/run/pg:6000' }],
    ['postgresql://ignored/d?host=real', { hosts: 'real:5432' }],
    ['postgresql://h/d?user=u&password=p%26%3D&dbname=e', { user: 'u', password: 'p&=', database: 'e' }],
    ['postgresql://h/d%20e?schema=hooks', { database: 'd e', schema: 'hooks' }],
    ['postgresql://u@h/d?options=-c%20search_path%3Dx%40y', { user: 'u', hosts: 'h:5432' }],
    ['postgresql://h/d?options=a@b', { user: undefined, hosts: 'h:5432' }],
    ['postgresql://u:p@h/d?connection_limit=5&pgbouncer=true&application_name=x', { hosts: 'h:5432' }],
    ['postgresql://10.0.0.7:5432', { hosts: '10.0.0.7:5432' }],
  ])('%s', (url, expected) => {
    expect(read(url)).toMatchObject(expected)
  })

  it('tells options of the session, the target and TLS', () => {
    const address = parseDatabaseUrl(
      'postgresql://h1,h2/d?target_session_attrs=prefer-standby&load_balance_hosts=random&sslmode=verify-ca&sslrootcert=/ca&sslcert=/c&sslkey=/k&connect_timeout=1&channel_binding=require&options=-c%20work_mem%3D8MB',
    )
    expect(address).toMatchObject<Partial<DatabaseAddress>>({
      targetSession: 'prefer-standby',
      isBalanced: true,
      connectTimeoutMs: 2_000,
      channelBinding: 'require',
      options: '-c work_mem=8MB',
      tls: {
        mode: 'verify-ca',
        rootCert: '/ca',
        cert: '/c',
        key: '/k',
        keyPassword: undefined,
        minVersion: undefined,
      },
    })
  })
})

const SECRETS = [
  'a/b',
  'a#b',
  'a:b',
  'a?b',
  'a@b',
  'a@b/c',
  'a@b:1/c',
  'a%b',
  '/',
  '#',
  'a b',
  'a&b=c',
  '[a]',
  'p?sslmode=x',
  'a@b?c=d',
  'a\\b',
  '日本',
  'a,b',
]

describe('a password that was not percent-encoded', () => {
  it.each(SECRETS)('%s is read unchanged', (password) => {
    expect(read(`postgresql://user:${password}@host:5432/db?sslmode=require`)).toMatchObject({
      user: 'user',
      password,
      hosts: 'host:5432',
      database: 'db',
    })
  })

  it.each(SECRETS)('%s is read when it is encoded', (password) => {
    expect(read(`postgresql://user:${encodeURIComponent(password)}@host/db`)).toMatchObject({
      password,
      hosts: 'host:5432',
    })
  })
})

describe('an address that cannot be used', () => {
  it.each<[string, RegExp]>([
    ['mysql://u:S3CR3T@h/d', /must be a postgresql:\/\/ address/],
    ['host=h password=S3CR3T', /must be a postgresql:\/\/ address/],
    ['postgresql://u:S3CR3T@h:99999/d', /port from 1 to 65535/],
    ['postgresql://u:S3CR3T@h:port/d', /must be an address such as/],
    ['postgresql://u:S3CR3T', /must be an address such as/],
    ['postgresql://u:S3CR3T@ho st/d', /must be an address such as/],
    ['postgresql://u:S3CR3T@h/d/e', /must be an address such as/],
    ['postgresql://u:S3CR3T@h/d?sslmode=maybe', /must have as sslmode one of: disable, allow/],
    ['postgresql://u:S3CR3T@h/d?target_session_attrs=x', /must have as target_session_attrs one of/],
    ['postgresql://u:S3CR3T@h/d?sslcrl=/x', /has the parameter sslcrl/],
    ['postgresql://u:S3CR3T@h1,h2,h3/d?port=1,2', /one port, or one for each/],
    ['postgresql://u:S3CR3T%FF@h/d', /must be an address such as/],
    ['postgresql://u:S3CR3T@h/d?schema=a%22b', /without quotation marks/],
    ['postgresql://u:S3CR3T@h/d?connect_timeout=soon', /connect_timeout/],
  ])('%s is refused in words, without its password', (url, words) => {
    const refusing = () => parseDatabaseUrl(url)
    expect(refusing).toThrow(DatabaseAddressError)
    expect(refusing).toThrow(words)
    try {
      refusing()
    } catch (error) {
      expect((error as Error).message).not.toContain('S3CR3T')
    }
  })
})
