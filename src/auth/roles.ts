/** The role that may do everything. */
export const ADMIN = 'admin'

/** The roles of callers. schema/permissions.ts says what each may do. */
export const ROLES = [ADMIN, 'publisher'] as const

export type Role = (typeof ROLES)[number]

/** An authenticated caller, as the bearer token describes it. */
export interface Identity {
  /** the claim `sub`; empty = the token has none */
  subject: string
  roles: Role[]
}

/**
 * Reads subject and roles from the claims of a token. Roles of other systems are left out.
 *
 * @param roleClaim the name of a claim, or a path of names joined by dots (`realm_access.roles`). Its value is a role
 *   or a list of roles.
 */
export function identityOf(claims: Record<string, unknown>, roleClaim: string): Identity {
  const value = Object.hasOwn(claims, roleClaim) ? claims[roleClaim] : valueAt(claims, roleClaim.split('.'))
  const roles: unknown[] = Array.isArray(value) ? value : [value]
  return { subject: typeof claims.sub === 'string' ? claims.sub : '', roles: roles.filter(isRole) }
}

export const isRole = (value: unknown): value is Role => ROLES.some((role) => role === value)

function valueAt(value: unknown, path: string[]): unknown {
  const [name, ...rest] = path
  if (name === undefined) return value
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return valueAt((value as Record<string, unknown>)[name], rest)
}
