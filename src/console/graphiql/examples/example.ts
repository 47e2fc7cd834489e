/** One tab of the page: a document that runs without changes, and its variables. */
export interface Example {
  /** the name of the operation; GraphiQL shows it on the tab */
  name: string
  /** lines are short enough for half of a laptop's screen */
  query: string
  /** JSON, formatted for the editor; empty for an operation without variables */
  variables: string
}
