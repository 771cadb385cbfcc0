import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../../lib/core/errors.ts'
import {
  decideFraming,
  type FramingDecision,
  type FramingFacts,
  keepAliveParameter,
} from '../../lib/http1/framing.ts'

const FACTS: FramingFacts = {
  status: 200,
  method: 'GET',
  version: 11,
  transferEncoding: null,
  contentLength: null,
  connection: null,
  mode: 'lenient',
}

const CLOSE: FramingDecision = { kind: 'close', length: -1, keepAlive: false }

function decide(facts: Partial<FramingFacts>): FramingDecision {
  return decideFraming({ ...FACTS, ...facts })
}

function ruleOf(facts: Partial<FramingFacts>): string {
  try {
    decide(facts)
  } catch (error) {
    if (error instanceof ProtocolError) return error.rule
    throw error
  }
  return 'accepted'
}

describe('Content-Length', () => {
  it.for([
    ['one number', '5', 5],
    ['zero', '0', 0],
    ['equal repeated', '2, 2', 2],
    ['equal in another spelling', '02,2', 2],
    ['the largest', '9007199254740991', 9_007_199_254_740_991],
  ] as const)('%s: accept', ([, contentLength, length]) => {
    expect(decide({ contentLength })).toEqual({ kind: 'length', length, keepAlive: true })
  })

  it.for(['2, 3', '2,2,3', '0, 1', '2, x, 3'])('differing values (%s): reject', (contentLength) => {
    expect(ruleOf({ contentLength })).toBe('content-length')
  })

  it.for(['+2', '-1', '2a', '', '2.0', '0x10', '1e3', '2 3', '2,', ',2', 'x, x', '2, x', '\xb2'])(
    'no number (%j): as absent, until close, not reused',
    (contentLength) => {
      expect(decide({ contentLength })).toEqual(CLOSE)
    },
  )

  it.for(['9007199254740992', '18446744073709551616', '9'.repeat(400)])(
    'too large (%s): reject',
    (contentLength) => {
      expect(ruleOf({ contentLength })).toBe('content-length')
    },
  )
})

describe('Transfer-Encoding', () => {
  it.for(['chunked', 'Chunked', ' chunked ', 'gzip, chunked', ', chunked,', 'identity, chunked'])(
    '%j ends in chunked: chunked, reused',
    (transferEncoding) => {
      expect(decide({ transferEncoding })).toEqual({ kind: 'chunked', length: -1, keepAlive: true })
    },
  )

  it('with Content-Length: chunked wins, connection closes after', () => {
    const both = { transferEncoding: 'chunked', contentLength: '5' }
    expect(decide(both)).toEqual({ kind: 'chunked', length: -1, keepAlive: false })
    // What is overridden is not judged.
    expect(decide({ ...both, contentLength: '5, 6' }).kind).toBe('chunked')
  })

  it.for([
    'chunked, gzip',
    'gzip',
    'identity',
    'chunkedchunked',
    'chunkedx',
    '"chunked"',
    '',
    'chunked, identity',
  ])('%j does not end in chunked: until close', (transferEncoding) => {
    expect(decide({ transferEncoding })).toEqual(CLOSE)
  })

  it('not ending in chunked, with Content-Length: until close all the same', () => {
    expect(decide({ transferEncoding: 'gzip', contentLength: '5' })).toEqual(CLOSE)
    expect(decide({ transferEncoding: '', contentLength: '5' })).toEqual(CLOSE)
  })

  it('identity with Content-Length, of RFC 2616: the length, not reused', () => {
    const facts = { transferEncoding: 'Identity', contentLength: '5' }
    expect(decide(facts)).toEqual({ kind: 'length', length: 5, keepAlive: false })
    expect(decide({ ...facts, contentLength: 'x' })).toEqual(CLOSE)
    expect(ruleOf({ ...facts, contentLength: '5, 6' })).toBe('content-length')
  })

  it('chunked twice: one coding, not reused', () => {
    expect(decide({ transferEncoding: 'chunked, chunked' })).toEqual({
      kind: 'chunked',
      length: -1,
      keepAlive: false,
    })
  })

  it('chunked with a parameter: reject', () => {
    expect(ruleOf({ transferEncoding: 'chunked;a=b' })).toBe('transfer-encoding')
    expect(ruleOf({ transferEncoding: 'gzip, chunked ; a=b' })).toBe('transfer-encoding')
  })

  it('in HTTP/1.0: chunked, not reused', () => {
    const facts = { version: 10, transferEncoding: 'chunked', connection: 'keep-alive' }
    expect(decide(facts)).toEqual({ kind: 'chunked', length: -1, keepAlive: false })
  })
})

describe('keep-alive', () => {
  it.for([
    [11, null, true],
    [11, '', true],
    [11, 'close', false],
    [11, 'Close', false],
    [11, 'keep-alive, close', false],
    [11, 'upgrade,\tCLOSE', false],
    [11, 'closed', true],
    [11, 'keep-alive', true],
    [11, 'Upgrade', true],
    [10, null, false],
    [10, 'keep-alive', true],
    [10, 'Keep-Alive', true],
    [10, 'upgrade, keep-alive', true],
    [10, 'keep-alive, close', false],
    [10, 'upgrade', false],
    [9, null, false],
    [9, 'keep-alive', false],
    [9, 'x, keep-alive', false],
  ] as const)('version %s, Connection %j: %s', ([version, connection, wanted]) => {
    expect(decide({ version, connection, contentLength: '0' }).keepAlive).toBe(wanted)
  })

  it('until close is never reused', () => {
    expect(decide({ connection: 'keep-alive' })).toEqual(CLOSE)
    expect(decide({ version: 10, connection: 'keep-alive' })).toEqual(CLOSE)
  })

  it('Keep-Alive parameters', () => {
    expect(keepAliveParameter('timeout=5, max=100', 'timeout')).toBe(5)
    expect(keepAliveParameter('timeout=5, max=100', 'max')).toBe(100)
    expect(keepAliveParameter(' MAX = 7 ;timeout=0', 'max')).toBe(7)
    expect(keepAliveParameter(' MAX = 7 ;timeout=0', 'timeout')).toBe(0)
    expect(keepAliveParameter('300', 'timeout')).toBe(-1)
    expect(keepAliveParameter('timeout=, max=-1', 'timeout')).toBe(-1)
    expect(keepAliveParameter('timeout=, max=-1', 'max')).toBe(-1)
    expect(keepAliveParameter('timeout=x, timeout=3', 'timeout')).toBe(3)
    expect(keepAliveParameter(`timeout=${'9'.repeat(400)}`, 'timeout')).toBe(1e9)
  })
})

describe('strict', () => {
  it.for([
    ['RFC 9112 6.3 rule 5', { contentLength: '+2' }, 'content-length'],
    ['RFC 9112 6.3 rule 5', { contentLength: '' }, 'content-length'],
    ['RFC 9110 8.6', { contentLength: '2, 2' }, 'content-length'],
    ['RFC 9112 6.3 rule 3', { transferEncoding: 'chunked', contentLength: '2' }, 'transfer-encoding'],
    ['RFC 9112 6.1', { transferEncoding: 'chunked', version: 10 }, 'transfer-encoding'],
    ['RFC 9112 6.1', { transferEncoding: 'chunked, chunked' }, 'transfer-encoding'],
    ['RFC 9112 7', { transferEncoding: 'chunked;a' }, 'transfer-encoding'],
  ] as const)('rejects by %s: %j', ([, facts, rule]) => {
    expect(ruleOf({ ...facts, mode: 'strict' })).toBe(rule)
  })

  it('accepts what the RFC gives a meaning to', () => {
    expect(decide({ mode: 'strict', contentLength: '5' }).kind).toBe('length')
    expect(decide({ mode: 'strict', transferEncoding: 'gzip, chunked' }).kind).toBe('chunked')
    expect(decide({ mode: 'strict', transferEncoding: 'gzip' })).toEqual(CLOSE)
    expect(decide({ mode: 'strict' })).toEqual(CLOSE)
    expect(decide({ mode: 'strict', status: 204 }).kind).toBe('none')
  })
})
