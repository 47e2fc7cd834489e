import { randomBytes } from 'node:crypto'
import type { PrismaClient } from '../../src/generated/prisma/client'
import { keyring } from '../../src/secrets/keyring'
import { SigningSecrets } from '../../src/secrets/signing-secrets'

const ring = keyring([randomBytes(32)])

it('a malformed password hash is an error before the first reveal', () => {
  const build = () => new SigningSecrets({} as PrismaClient, ring, { revealPasswordHash: '$scrypt$secret' })
  expect(build).toThrow('The password hash must read')
  expect(build).not.toThrow('secret$')
})
