/** Which database the gateway uses, and how. */
export interface DatabaseConfig {
  /** a PostgreSQL server; undefined = embedded, in the data folder */
  url: string | undefined
  /** the server behind a pooler, for migrations and notifications; undefined = `url` */
  directUrl: string | undefined
  /** whether `url` leads to a pooler in transaction mode: nothing stays on a connection between transactions */
  isPooled: boolean
  /** the most connections of this process, the one that listens for notifications included */
  connections: number
}
