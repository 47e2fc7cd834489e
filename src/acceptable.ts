/**
 * Whether an `Accept` header admits one of these media types in UTF-8 (RFC 9110, section 12.5.1): of the ranges that
 * name a type, the most specific one decides. No header, or an empty one, admits everything.
 *
 * @param types in lower case, without parameters
 */
export function isAcceptable(accept: string | undefined, types: string[]): boolean {
  if (accept === undefined || accept.trim() === '') return true
  const ranges = accept.split(',').map(readRange)
  return types.some((type) => {
    const [group] = type.split('/')
    const names = ['*/*', `${group}/*`, type]
    const matching = ranges.filter(({ name, isOther }) => names.includes(name) && !isOther)
    const specificity = Math.max(...matching.map(({ name }) => names.indexOf(name)))
    return matching.some(({ name, isRefused }) => names.indexOf(name) === specificity && !isRefused)
  })
}

interface Range {
  name: string
  /** of quality 0 */
  isRefused: boolean
  /** it asks for a parameter that answers do not have */
  isOther: boolean
}

function readRange(text: string): Range {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  return {
    name,
    isRefused: parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)),
    isOther: parameters.some((parameter) => !/^(q=.*|charset="?utf-8"?)$/.test(parameter)),
  }
}
