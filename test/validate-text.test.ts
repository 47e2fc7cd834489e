import { validateText } from '../src/validate-text'

describe('validateText', () => {
  it.each(['', 'text', '🔑', '\u0001'])('allows %j', (text) => {
    expect(validateText(text, ['filter', 'targetContains'])).toEqual([])
  })

  it.each(['\0', 'a\0', '\ud83d'])('reports %j with its path', (text) => {
    expect(validateText(text, ['filter', 'targetContains'])).toMatchObject([
      { path: ['filter', 'targetContains'], code: 'INVALID_CHARACTER' },
    ])
  })
})
