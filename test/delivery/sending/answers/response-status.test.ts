import { isGone, statusError } from '../../../../src/delivery/sending/answers/response-status'

describe('a status', () => {
  it.each([
    [200, null],
    [299, null],
    [300, 'REDIRECT'],
    [399, 'REDIRECT'],
    [400, 'HTTP_STATUS'],
    [599, 'HTTP_STATUS'],
    [999, 'HTTP_STATUS'],
  ])('%d has the class %s', (status, expected) => {
    expect(statusError(status)).toBe(expected)
  })

  it.each([
    [410, true],
    [404, false],
    [200, false],
    [null, false],
  ])('%p says that the receiver is gone: %p', (status, expected) => {
    expect(isGone(status)).toBe(expected)
  })
})
