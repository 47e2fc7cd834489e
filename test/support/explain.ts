import type { Client } from 'pg'

/** What PostgreSQL did to run a statement. */
export interface Explained {
  /** rows that it returned */
  rows: number
  /** blocks that it read, with all functions that it called */
  blocks: number
}

/** Runs a statement by EXPLAIN ANALYZE. */
export async function explain(client: Client, statement: string): Promise<Explained> {
  const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement}`)
  const { Plan: plan } = rows[0]['QUERY PLAN'][0]
  return { rows: plan['Actual Rows'], blocks: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'] }
}
