import { describe, expect, it } from 'vitest'
import { exitCodeOfError, exitCodeOfStatus, isGoodStatus, worseOf } from '../../lib/cli/exit-codes.ts'

describe('exit codes', () => {
  it.each([
    [0, 0, 0],
    [0, 8, 8],
    [8, 0, 8],
    [8, 4, 4],
    [4, 8, 4],
    [1, 3, 1],
  ] as const)('of %i and %i the one that counts is %i', (a, b, expected) => {
    expect(worseOf(a, b)).toBe(expected)
  })

  it.each([
    [200, 0],
    [204, 0],
    [299, 0],
    [304, 0],
    [301, 8],
    [401, 6],
    [403, 8],
    [404, 8],
    [407, 6],
    [500, 8],
    [999, 8],
  ])('status %i means %i', (status, expected) => {
    expect(exitCodeOfStatus(status)).toBe(expected)
    expect(isGoodStatus(status)).toBe(expected === 0)
  })

  it.each([
    ['ERR_CONNECT_DNS', 4],
    ['ERR_CONNECT_TCP', 4],
    ['ERR_CONNECT_TLS', 5],
    ['ERR_CONNECT_DENIED', 4],
    ['ERR_TIMEOUT_CONNECT', 4],
    ['ERR_TIMEOUT_TOTAL', 4],
    ['ERR_CONNECTION_CLOSED', 4],
    ['ERR_PROTOCOL', 7],
    ['ERR_DECODING', 7],
    ['ERR_LIMIT', 7],
    ['ERR_REDIRECT', 8],
    ['ERR_FILE', 3],
    ['ERR_FILE_EXISTS', 3],
    ['ERR_URL', 1],
    ['ERR_CLOSED', 1],
    ['constructor', 1],
  ])('%s means %i', (code, expected) => {
    expect(exitCodeOfError(code)).toBe(expected)
  })
})
