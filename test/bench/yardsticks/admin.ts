import { GraphQLError } from 'graphql'
import { jwtVerify } from 'jose'
import { JWT_SECRET } from './serving'

const secret = Buffer.from(JWT_SECRET)

/** The role in a bearer token; undefined when there is no valid token. */
export async function roleOf(authorization: string | null | undefined): Promise<string | undefined> {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
  if (token === undefined) return undefined
  try {
    const { payload } = await jwtVerify<{ role?: string }>(token, secret, { algorithms: ['HS256'] })
    return payload.role
  } catch {
    return undefined
  }
}

/** @throws GraphQLError */
export function requireAdmin(role: string | undefined): void {
  if (role === 'admin') return
  throw new GraphQLError('This needs the role admin.', { extensions: { code: 'FORBIDDEN' } })
}
