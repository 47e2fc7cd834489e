import { ConnectionFault } from '../../../src/database/server/connection-fault'
import { operatorError } from '../../../src/database/server/operator-errors'

const AT = { place: 'db1:5432, db2:5432', database: 'hooks', user: 'hookgate' }
const sentenceOf = (error: unknown) => (operatorError(error, AT, 'DATABASE_URL') as Error).message

const fault = (message: string, { isAway, cause }: { isAway: boolean; cause?: unknown }) =>
  new ConnectionFault(message, { mayTryNext: false, isAway, cause })

it('A server that is not what target_session_attrs requires is named, although nothing else has caused that', () => {
  const error = fault('db1:5432 is not what target_session_attrs requires (read-write)', { isAway: false })
  expect(sentenceOf(error)).toBe(
    'Cannot connect to the database (DATABASE_URL): db1:5432 is not what target_session_attrs requires (read-write).',
  )
})

it('A server that does not answer is named before the reason', () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  expect(sentenceOf(fault('db1:5432 refuses connections', { isAway: true, cause }))).toBe(
    'The database server at db1:5432, db2:5432 does not answer (DATABASE_URL): db1:5432 refuses connections.',
  )
})

it('What the server has answered gets the statement that helps', () => {
  const cause = Object.assign(new Error('database "hooks" does not exist'), { code: '3D000' })
  expect(sentenceOf(fault('db1:5432 refuses the connection', { isAway: false, cause }))).toMatch(
    /^The database server at .* has no database hooks: run `CREATE DATABASE hooks OWNER hookgate .*\(DATABASE_URL\)\.$/,
  )
})
