import { closest } from 'fastest-levenshtein'

/**
 * Variables that Kubernetes and Docker links set in every container beside a service whose name starts with `hookgate`
 * (https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables).
 */
const INJECTED =
  /^HOOKGATE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_[A-Z0-9_]+)?)$/

const PREFIX = 'HOOKGATE_'

/** A fault for each name that starts with `HOOKGATE_` and means nothing, with the nearest name that does. */
export function unknownNames(names: string[], known: string[]): string[] {
  const nearest = (name: string) => {
    const withoutPrefix = name.slice(PREFIX.length)
    return known.includes(withoutPrefix) ? withoutPrefix : closest(name, known)
  }
  return names
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name) && !INJECTED.test(name))
    .map((name) => `${name} is not a variable of Hookgate: did you mean ${nearest(name)}?`)
}
