import { describe, expect, it } from 'vitest'
import { clientChecks, requestChecks } from '../../../lib/call/request/option-checks.ts'
import { NO_OPTIONS, readOptions } from '../../../lib/call/request/options.ts'
import type { RequestOptions } from '../../../lib/call/request/request-options.ts'
import type { ClientOptions } from '../../../lib/client-options.ts'
import { ArgumentError } from '../../../lib/core/errors.ts'

const ofRequest = (options: object): RequestOptions =>
  readOptions('request', options as RequestOptions, requestChecks)
const ofClient = (options: object): ClientOptions =>
  readOptions('Client', options as ClientOptions, clientChecks)

describe('names', () => {
  it.each([
    ['maxBodysize', 'maxBodySize'],
    ['timeout', 'bodyTimeout'],
    ['header', 'headers'],
    ['METHOD', 'method'],
    ['expect-continue', 'expectContinue'],
    ['clientIP', 'clientIp'],
    ['retyTimeout', 'replyTimeout'],
    ['__proto__x', 'proxy'],
    ['', 'url'],
  ])('%j is unknown, and the nearest name is told', (name, nearest) => {
    const message = `unknown option ${JSON.stringify(name)} of request; did you mean ${nearest}?`
    expect(() => ofRequest({ [name]: 1 })).toThrow(new ArgumentError(message))
  })

  it.each([
    ['maxConns', 'maxConn'],
    ['maxConnPerHost', 'maxConnPerTarget'],
    ['pipelinedRequests', 'maxPipelinedRequests'],
    ['tls', 'tlsOptions'],
  ])('%j is unknown to a client, and the nearest name is told', (name, nearest) => {
    expect(() => ofClient({ [name]: 1 })).toThrow(`of Client; did you mean ${nearest}?`)
  })

  it('are unknown where they belong to the other', () => {
    expect(() => ofRequest({ maxConn: 1 })).toThrow('unknown option "maxConn" of request')
    expect(() => ofClient({ signal: AbortSignal.abort() })).toThrow('unknown option "signal" of Client')
  })

  it('of members of objects are as unknown as others', () => {
    expect(() => ofRequest({ constructor: 1 })).toThrow('unknown option "constructor"')
    expect(() => ofRequest(JSON.parse('{"__proto__":{"maxBodySize":1}}') as object)).toThrow(ArgumentError)
  })

  it('are looked at up to a bound', () => {
    expect(() => ofRequest({ ['x'.repeat(1_000_000)]: 1 })).toThrow(/^.{0,200}$/)
  })

  it('are not looked for where there are none', () => {
    for (const given of [null, 7, 'text', true]) {
      expect(() => ofRequest(given as unknown as object)).toThrow(ArgumentError)
    }
    expect(() => ofClient(null as unknown as object)).toThrow(
      'the options of Client are null; give an object',
    )
  })
})

const whole = [-1, 0.5, 0, '1', Infinity, Number.NaN, null, 1n]
const times = [-1, Number.NaN, Infinity, 2 ** 31, '100', null, true]
const addresses = ['localhost', '1.2.3', '::1]/x', '[::1]', '1.2.3.4\r\n', 7, null]

const BAD: [check: (options: object) => object, name: string, values: readonly unknown[]][] = [
  [ofClient, 'maxConn', [...whole, 1_000_001]],
  [ofClient, 'maxConnPerTarget', whole],
  [ofClient, 'maxPipelinedRequests', [...whole, 257]],
  [ofClient, 'maxQueued', whole],
  [ofClient, 'maxHeadSize', [...whole, 255, 16_777_217]],
  [ofClient, 'keepAliveTimeout', times],
  [ofClient, 'prefer', ['', 'both', null]],
  [ofClient, 'parser', ['loose', true, null]],
  [ofClient, 'debug', ['all', 1, null]],
  [ofClient, 'resolve', ['x', null, {}]],
  [ofClient, 'denyPrivateAddresses', ['yes', null, {}, { deny: [] }]],
  [ofClient, 'clock', [null, 1]],
  [ofClient, 'network', [null, 'tcp']],
  ...[ofClient, ofRequest].flatMap((check): typeof BAD => [
    [check, 'headers', ['a: b', null, 1]],
    [check, 'clientIp', addresses],
    [check, 'tlsOptions', [null, true]],
    ...['queue', 'connect', 'request', 'reply', 'body', 'total'].map((phase): (typeof BAD)[0] => [
      check,
      `${phase}Timeout`,
      times,
    ]),
    [check, 'minBodyRate', [-1, Number.NaN, Infinity, '1k', null]],
    [check, 'minBodyRateWindow', [...times, 0, 99]],
    [check, 'maxBodySize', [0, -1, 0.5, '1', Number.NaN, -Infinity, null]],
    [check, 'maxDecodeRatio', [0, 0.5, Number.NaN, '2', null]],
    [check, 'decompress', [0, 'yes', null]],
  ]),
  [ofRequest, 'method', [1, null, ['GET']]],
  [ofRequest, 'signal', [null, {}, { aborted: true }, new AbortController()]],
  [ofRequest, 'priority', [-11, 11, 0.5, '1', null, Infinity]],
  [ofRequest, 'idempotent', [1, 'no', null]],
  [ofRequest, 'expectContinue', [0, -1, Infinity, Number.NaN, 2 ** 31, 'yes', null]],
]

const GOOD: [check: (options: object) => object, name: string, values: readonly unknown[]][] = [
  [ofClient, 'maxConn', [1, 1_000_000]],
  [ofClient, 'maxPipelinedRequests', [1, 256]],
  [ofClient, 'prefer', ['connection', 'pipeline']],
  [ofClient, 'debug', [true, false, 'sched', 'protocol', 'stream']],
  [ofRequest, 'queueTimeout', [0, 0.5, 1, 2 ** 31 - 1]],
  [ofRequest, 'minBodyRate', [0, 0.5, 1_000]],
  [ofRequest, 'minBodyRateWindow', [100, 2 ** 31 - 1]],
  [ofClient, 'denyPrivateAddresses', [true, false, { allow: ['10.0.0.0/8', '::1'] }]],
  [ofRequest, 'maxBodySize', [1, 2 ** 40, Infinity]],
  [ofRequest, 'maxDecodeRatio', [1, 1.5, Infinity]],
  [ofRequest, 'clientIp', ['', '192.0.2.1', '::1']],
  [ofRequest, 'headers', [{}, [], new Map(), new Headers()]],
  [ofRequest, 'priority', [-10, 0, 10]],
  [ofRequest, 'expectContinue', [true, false, 1, 2 ** 31 - 1]],
  [ofRequest, 'signal', [AbortSignal.abort(), new AbortController().signal]],
]

describe('values', () => {
  it.each(BAD)('%o: %s refuses what makes no sense, and says what would', (check, name, values) => {
    for (const value of values) {
      expect(() => check({ [name]: value })).toThrow(ArgumentError)
      expect(() => check({ [name]: value })).toThrow(new RegExp(`^option ${name} is .*; it must be `))
    }
  })

  it.each(GOOD)('%o: %s takes its whole range', (check, name, values) => {
    for (const value of values) expect(check({ [name]: value })).toEqual({ [name]: value })
  })

  it('that are undefined are as if not given', () => {
    for (const name of requestChecks.keys()) expect(() => ofRequest({ [name]: undefined })).not.toThrow()
    for (const name of clientChecks.keys()) expect(() => ofClient({ [name]: undefined })).not.toThrow()
  })

  it('are shown in messages, up to a bound', () => {
    expect(() => ofRequest({ clientIp: 'x'.repeat(10_000) })).toThrow(/^.{80,250}$/)
    expect(() => ofRequest({ decompress: Object.create(null) })).toThrow(
      'option decompress is a plain object',
    )
    expect(() => ofRequest({ decompress: Symbol('s') })).toThrow('option decompress is Symbol(s)')
    expect(() => ofRequest({ signal: new AbortController() })).toThrow('option signal is a AbortController')
  })
})

describe('tlsOptions', () => {
  // node:tls throws about them when its socket connects already, whose errors are then uncaught exceptions.
  it.each(['tlsOptions', 'proxyTlsOptions'])('%s: what a handshake needs is checked before one', (option) => {
    const read = (tls: object) => () => ofClient({ [option]: tls })
    for (const servername of [1, null, ['a.test'], {}]) {
      expect(read({ servername })).toThrow(
        new RegExp(`^option ${option}\\.servername is .*; it must be a string$`),
      )
    }
    expect(read({ checkServerIdentity: true })).toThrow(`option ${option}.checkServerIdentity is true`)
    expect(read({ servername: '', checkServerIdentity: undefined })).not.toThrow()
  })
})

describe('reading', () => {
  it('takes nothing from prototypes, polluted or not', () => {
    const names = [...requestChecks.keys(), ...clientChecks.keys()]
    const found: unknown[] = []
    try {
      for (const name of names) Reflect.set(Object.prototype, name, 'polluted')
      for (const own of [ofRequest({}), ofClient({}), NO_OPTIONS] as Record<string, unknown>[]) {
        for (const name of names) found.push(own[name])
      }
    } finally {
      for (const name of names) Reflect.deleteProperty(Object.prototype, name)
    }
    expect(found).toHaveLength(3 * names.length)
    expect(new Set(found)).toEqual(new Set([undefined]))
  })

  it('takes nothing that is inherited, so that nothing is used unchecked', () => {
    expect(ofRequest(Object.create({ maxBodySize: 'x' }) as object).maxBodySize).toBeUndefined()
  })

  it('happens once: what was checked is what is used', () => {
    let reads = 0
    const own = ofRequest({
      get maxBodySize() {
        return ++reads
      },
    })
    expect([own.maxBodySize, own.maxBodySize, reads]).toEqual([1, 1, 1])
  })

  it('leaves the options as they were', () => {
    const given = Object.freeze({ method: 'GET', priority: 1 })
    expect(ofRequest(given)).not.toBe(given)
    expect(ofRequest(given)).toEqual(given)
  })
})
