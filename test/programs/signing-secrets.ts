import { Failure } from '../../src/failure'
import { newSecretRow } from '../../src/secrets/new-secret'
import { SigningSecrets } from '../../src/secrets/signing-secrets'
import { type Environment, serveCommands } from './commands'
import { openCore } from './core'

export type SigningSecretsCommands = Awaited<ReturnType<typeof signingSecretsCommands>>

/** The value that a function of the core returned, or the failure that it threw. */
export interface Outcome<Value> {
  value?: Value
  failure?: Pick<Failure, 'kind' | 'message' | 'details'>
}

/** @param passwordHash checked by `revealGuarded`, and not by `reveal` */
async function signingSecretsCommands({ env, passwordHash }: { env: Environment; passwordHash: string }) {
  const { core, close } = await openCore(env)
  const { prisma, keyring, secrets } = core
  const guarded = new SigningSecrets(prisma, keyring, { revealPasswordHash: passwordHash })
  return {
    sql: (statement: string) => prisma.$queryRawUnsafe<unknown[]>(statement),
    reveal: (id: string) => outcomeOf(secrets.reveal(id, { subject: 'test' })),
    revealGuarded: (id: string, password?: string | null) =>
      outcomeOf(guarded.reveal(id, { subject: 'test', password })),
    expire: (id: string, overlap?: number | null) => outcomeOf(secrets.expire(id, overlap)),
    expireAtOnce: (id: string, overlaps: number[]) =>
      Promise.all(overlaps.map((overlap) => outcomeOf(secrets.expire(id, overlap)))),
    /** Creates an endpoint with a secret and returns its id. */
    async create() {
      const { id } = await prisma.endpoint.create({
        data: { target: 'https://example.com/', secrets: { create: newSecretRow(keyring) } },
      })
      return String(id)
    },
    close,
  }
}

async function outcomeOf<Value>(result: Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { value: await result }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { kind, message, details } = error
    return { failure: { kind, message, details } }
  }
}

serveCommands(signingSecretsCommands)
