import type { GraphiQLProps } from 'graphiql'
import { examples } from './examples'

const prefix = 'hookgate/'
const ownKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix))

/**
 * Where GraphiQL keeps tabs, history and theme. Its own keys carry no project name, and several projects
 * take turns on one localhost port: without the prefix they would open each other's tabs.
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
 * The tab in front: the one last used, or the first example. GraphiQL fills its editors from this alone;
 * left to itself it opens a default tab with no variables, and a restored one with no text at all.
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
