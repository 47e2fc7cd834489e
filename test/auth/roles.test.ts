import { identityOf } from '../../src/auth/roles'

describe('the roles of a token', () => {
  it.each<[string, Record<string, unknown>, string, string[]]>([
    ['a single role', { role: 'admin' }, 'role', ['admin']],
    ['the other role', { role: 'publisher' }, 'role', ['publisher']],
    ['a list', { roles: ['publisher', 'admin'] }, 'roles', ['publisher', 'admin']],
    ['a path to a list', { realm_access: { roles: ['admin'] } }, 'realm_access.roles', ['admin']],
    ['a path to a single role', { a: { b: { c: { d: 'publisher' } } } }, 'a.b.c.d', ['publisher']],
    ['a name with dots', { 'https://x.example/role': 'admin' }, 'https://x.example/role', ['admin']],
    ['a name with dots rather than a path', { 'a.b': 'admin', a: { b: 'publisher' } }, 'a.b', ['admin']],
  ])('are read from %s', (_case, claims, roleClaim, roles) => {
    expect(identityOf(claims, roleClaim).roles).toEqual(roles)
  })

  it('do not include roles of other systems', () => {
    const roles = ['offline_access', 'publisher', 'uma_authorization', 'ADMIN', ' admin', '']
    expect(identityOf({ roles }, 'roles').roles).toEqual(['publisher'])
  })

  it.each<[string, unknown]>([
    ['a foreign role', 'superuser'],
    ['another case', 'Admin'],
    ['a text of several roles', 'admin publisher'],
    ['a comma list', 'admin,publisher'],
    ['null', null],
    ['a boolean', true],
    ['a number', 1],
    ['an object', { admin: true }],
    ['an object with its own toString', { toString: () => 'admin' }],
    ['a list within a list', [['admin']]],
    ['an empty list', []],
    ['a list of other things', [null, 1, true, { role: 'admin' }]],
  ])('are empty for %s', (_case, role) => {
    expect(identityOf({ role }, 'role').roles).toEqual([])
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['the claim is missing', {}, 'role'],
    ['the path ends early', { realm_access: {} }, 'realm_access.roles'],
    ['the path leads through null', { realm_access: null }, 'realm_access.roles'],
    ['the path leads through a text', { realm_access: 'admin' }, 'realm_access.roles'],
    [
      'the path leads through a list of objects',
      { realm_access: [{ roles: 'admin' }] },
      'realm_access.roles',
    ],
    ['the path stops at an object', { realm_access: { roles: ['admin'] } }, 'realm_access'],
    ['the path has an empty step', { realm_access: { roles: ['admin'] } }, 'realm_access..roles'],
    ['the claim has no name', { role: 'admin' }, ''],
  ])('are empty when %s', (_case, claims, roleClaim) => {
    expect(identityOf(claims, roleClaim).roles).toEqual([])
  })

  it.each([
    '__proto__',
    '__proto__.role',
    'constructor',
    'constructor.name',
    'constructor.prototype',
    'toString',
    'role.length',
    'hasOwnProperty.name',
  ])('do not come from properties that every object inherits: %s', (roleClaim) => {
    expect(identityOf({ role: 'admin' }, roleClaim).roles).toEqual([])
  })

  it('do not come from a polluted prototype', () => {
    const polluted = { role: 'admin', a: { role: 'admin' } }
    expect(identityOf(Object.create(polluted), 'role').roles).toEqual([])
    expect(identityOf(Object.create(polluted), 'a.role').roles).toEqual([])
    expect(identityOf({ a: Object.create(polluted) }, 'a.role').roles).toEqual([])
  })

  it('do not come from a __proto__ in the token', () => {
    const claims = JSON.parse('{"__proto__": {"role": "admin"}, "a": {"__proto__": {"role": "admin"}}}')
    expect(identityOf(claims, 'role').roles).toEqual([])
    expect(identityOf(claims, 'a.role').roles).toEqual([])
    expect(Object.hasOwn(Object.prototype, 'role')).toBe(false)
  })
})

describe('the subject of a token', () => {
  it.each<[unknown, string]>([
    ['alice', 'alice'],
    ['', ''],
    [undefined, ''],
    [7, ''],
    [{ name: 'alice' }, ''],
    [null, ''],
  ])('%j is %j', (sub, subject) => {
    expect(identityOf({ sub, role: 'admin' }, 'role').subject).toBe(subject)
  })
})
