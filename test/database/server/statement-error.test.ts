import { DatabaseError } from 'pg'
import { isStatementError } from '../../../src/database/server/statement-error'

const answer = (code: string, severity: string) =>
  Object.assign(new DatabaseError('in words', 1, 'error'), { code, severity })

describe('an error that the server answers', () => {
  it.each(['ERROR', 'FEHLER', 'ERREUR', 'エラー'])(
    'concerns the statement alone, in any language: %s',
    (severity) => {
      for (const code of ['23505', '25006', '42501', '55P03', '57014']) {
        expect([code, isStatementError(answer(code, severity))]).toEqual([code, true])
      }
    },
  )

  it.each(['57P01', '57P02', '57P03', '57P05', '25P03', '08006', '08P01'])('ends the session: %s', (code) => {
    expect(isStatementError(answer(code, 'FATAL'))).toBe(false)
  })

  it('is none when the connection broke', () => {
    expect(isStatementError(new Error('Connection terminated unexpectedly'))).toBe(false)
    expect(isStatementError(undefined)).toBe(false)
  })
})
