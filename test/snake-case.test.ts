import { snakeCase } from '../src/snake-case'

describe('snakeCase', () => {
  it.each([
    ['target', 'target'],
    ['isActive', 'is_active'],
    ['sslCertVerification', 'ssl_cert_verification'],
    ['added_at', 'added_at'],
    ['', ''],
  ])('%s becomes %s', (name, snake) => {
    expect(snakeCase(name)).toBe(snake)
  })
})
