/** `admin` may do everything, `publisher` may publish events. */
export const ROLES = ['admin', 'publisher'] as const
export type Role = (typeof ROLES)[number]

export const isRole = (value: unknown): value is Role => ROLES.some((role) => role === value)

/** Who is asking, as the bearer token says. */
export interface Viewer {
  subject: string
  roles: Role[]
}

/**
 * Reads the roles out of a token's claims. Roles of other systems are passed over.
 *
 * @param roleClaim the claim's own name, or a path of names joined by dots (`realm_access.roles`); its value is a
 *   role or a list of roles
 */
export function viewerOf(claims: Record<string, unknown>, roleClaim: string): Viewer {
  const value = Object.hasOwn(claims, roleClaim) ? claims[roleClaim] : valueAt(claims, roleClaim.split('.'))
  const roles = Array.isArray(value) ? value : [value]
  return {
    subject: typeof claims.sub === 'string' ? claims.sub : '',
    roles: roles.filter(isRole),
  }
}

function valueAt(value: unknown, path: string[]): unknown {
  const [name, ...rest] = path
  if (name === undefined) return value
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return valueAt((value as Record<string, unknown>)[name], rest)
}
