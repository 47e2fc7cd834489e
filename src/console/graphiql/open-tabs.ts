import type { GraphiQLProps } from 'graphiql'
import { examples } from './examples'

const prefix = 'hookgate/'
const ownKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix))

/**
 * GraphiQL's storage of tabs, history and theme. GraphiQL's keys name no project, and different projects may use the same
 * localhost port: without the prefix each would open the tabs of the other.
 */
export const tabStorage: NonNullable<GraphiQLProps['storage']> = {
  getItem: (key) => localStorage.getItem(prefix + key),
  setItem: (key, value) => localStorage.setItem(prefix + key, value),
  removeItem: (key) => localStorage.removeItem(prefix + key),
  clear() {
    for (const key of ownKeys()) localStorage.removeItem(key)
  },
  get length() {
    return ownKeys().length
  },
}

/**
 * The active tab: the one used last, or the first example. GraphiQL fills its editors from this tab. Without it, GraphiQL opens
 * a default tab without variables, or a restored tab without text.
 */
export function frontTab(): { query: string; variables: string } {
  const tab = savedTab() ?? examples[0]
  return { query: tab?.query ?? '', variables: tab?.variables ?? '' }
}

function savedTab(): { query?: string | null; variables?: string | null } | undefined {
  try {
    const { tabs, activeTabIndex } = JSON.parse(tabStorage.getItem('graphiql:tabState') ?? '{}')
    return tabs?.[activeTabIndex]
  } catch {
    return undefined
  }
}
