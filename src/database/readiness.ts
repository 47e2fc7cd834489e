/** Why the gateway cannot do its work. The message may be shown to anybody. */
export class NotReadyError extends Error {
  override name = 'NotReadyError'
}

/** What a database says of itself. */
export interface WritableRow {
  isStandby: boolean
  isReadOnly: boolean
}

/** True on a standby as well: nothing can be written there. */
export const WRITABLE_QUERY = {
  name: 'writable',
  text: `SELECT pg_is_in_recovery() AS "isStandby", current_setting('transaction_read_only') = 'on' AS "isReadOnly"`,
  values: [],
}

/** @throws NotReadyError */
export function requireWritable(row: WritableRow | undefined): void {
  if (row?.isStandby) throw new NotReadyError('The database is a standby, which cannot be written to.')
  if (row?.isReadOnly) throw new NotReadyError('The database is read-only (default_transaction_read_only).')
}
