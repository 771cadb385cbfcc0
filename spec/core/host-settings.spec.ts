import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import { HostSettings, type HostOptions } from '../../lib/core/host-settings.ts'
import { LIMITS } from '../../lib/core/limits.ts'

/** Which pattern's settings a host has; each pattern says its own name by a limit of its own. */
function winner(patterns: readonly string[], host: string): string {
  const hosts = Object.fromEntries(patterns.map((name, at) => [name, { maxConnPerTarget: at + 1 }]))
  const { maxConnPerTarget } = new HostSettings({ maxConnPerTarget: 99 }, hosts).of(host)
  return patterns[maxConnPerTarget - 1] ?? 'own'
}

describe('the pattern that counts', () => {
  const ALL = ['*', '*.test', '*.example.test', '*.a.example.test', 'example.test', 'a.example.test']
  it.each([
    ['elsewhere.org', ALL, '*'],
    ['elsewhere.org', ALL.slice(1), 'own'],
    ['example.test', ALL, 'example.test'],
    ['example.test', ALL.slice(0, 4), '*.test'],
    ['example.test', ['*.example.test'], 'own'],
    ['b.example.test', ALL, '*.example.test'],
    ['b.c.d.example.test', ALL, '*.example.test'],
    ['a.example.test', ALL, 'a.example.test'],
    ['b.a.example.test', ALL, '*.a.example.test'],
    ['notexample.test', ALL, '*.test'],
    ['notexample.test', ['*.example.test', 'example.test'], 'own'],
    ['test', ALL.slice(1), 'own'],
    ['.example.test', ['*.example.test'], 'own'],
    ['127.0.0.1', ['127.0.0.1', '*'], '127.0.0.1'],
    ['::1', ['::1'], '::1'],
    ['::1', ['[0:0:0:0:0:0:0:1]'], '[0:0:0:0:0:0:0:1]'],
    ['example.test', ['EXAMPLE.Test'], 'EXAMPLE.Test'],
    ['xn--bcher-kva.test', ['Bücher.test'], 'Bücher.test'],
    ['a.xn--bcher-kva.test', ['*.bücher.test'], '*.bücher.test'],
    ['__proto__', ['example.test'], 'own'],
  ])('for %s of %j is %s', (host, patterns, expected) => {
    expect(winner(patterns, host)).toBe(expected)
  })
})

describe('settings', () => {
  it('of a pattern come over the client’s own, field by field, and over no other pattern', () => {
    const settings = new HostSettings(
      { maxConnPerTarget: 4, prefer: 'pipeline', pacing: { minInterval: 100, jitter: 0.5 } },
      {
        '*': { pacing: { stallLimit: 5 } },
        'a.test': { maxPipelinedRequests: 3, pacing: { minInterval: 700, requestsPerInterval: 2 } },
      },
    )
    expect(settings.of('a.test')).toEqual({
      maxConnPerTarget: 4,
      maxPipelinedRequests: 3,
      prefer: 'pipeline',
      pacing: {
        minInterval: 700,
        requestsPerInterval: 2,
        interval: 1_000,
        jitter: 0.5,
        autoThrottle: false,
        stallLimit: LIMITS.stallLimit,
      },
      maxDownloadRatePerTarget: Infinity,
    })
    expect(settings.of('b.test').pacing).toMatchObject({ minInterval: 100, jitter: 0.5, stallLimit: 5 })
  })

  it('are one object for all hosts that share them', () => {
    const settings = new HostSettings({}, { '*.a.test': {} })
    expect(settings.of('x.a.test')).toBe(settings.of('y.a.test'))
    expect(settings.of('b.test')).toBe(settings.of('c.test'))
  })

  it.each<[HostOptions['pacing'], unknown]>([
    [{ autoThrottle: false }, false],
    [{ autoThrottle: true }, { targetConcurrency: 1, startDelay: 1_000, minDelay: 0, maxDelay: 60_000 }],
    [{ autoThrottle: {} }, { targetConcurrency: 1, startDelay: 1_000, minDelay: 0, maxDelay: 60_000 }],
    [
      { autoThrottle: { maxDelay: 500 } },
      { targetConcurrency: 1, startDelay: 500, minDelay: 0, maxDelay: 500 },
    ],
    [
      { autoThrottle: { minDelay: 90_000, targetConcurrency: 2 } },
      { targetConcurrency: 2, startDelay: 90_000, minDelay: 90_000, maxDelay: 90_000 },
    ],
  ])('%j means %j', (pacing, expected) => {
    expect(new HostSettings({ pacing }).of('a.test').pacing.autoThrottle).toEqual(expected)
  })
})

function withHosts(value: unknown): () => HostSettings {
  return () => new HostSettings({}, value as Record<string, HostOptions>)
}

function withPacing(value: unknown): () => HostSettings {
  return withHosts({ 'a.test': { pacing: value } })
}

describe('what is wrong is said at once', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['hosts', withHosts(7), /hosts is 7; it must be an object/],
    ['a scheme', withHosts({ 'http://a.test': {} }), /"http:\/\/a.test".*without scheme, port and path/],
    ['a port', withHosts({ 'a.test:80': {} }), /"a.test:80".*without scheme, port/],
    ['a path', withHosts({ 'a.test/x': {} }), /"a.test\/x"/],
    ['a user', withHosts({ 'u@a.test': {} }), /"u@a.test"/],
    ['a star inside', withHosts({ 'a.*.test': {} }), /"a\.\*\.test"/],
    ['a star alone in a name', withHosts({ '*a.test': {} }), /"\*a.test"/],
    ['a star before an address', withHosts({ '*.127.0.0.1': {} }), /"\*\.127.0.0.1"/],
    ['nothing', withHosts({ '': {} }), /a pattern of hosts is ""/],
    ['the same twice', withHosts({ 'a.test': {}, 'A.test': {} }), /'A.test' and 'a.test' are the same/],
    ['settings', withHosts({ 'a.test': null }), /hosts\['a.test'\] is null; it must be an object/],
    ['a misspelt name', withHosts({ 'a.test': { maxConPerTarget: 1 } }), /did you mean maxConnPerTarget\?/],
    [
      'a misspelt pacing name',
      withPacing({ minIntervall: 1 }),
      /"minIntervall" of hosts\['a.test'\].pacing; did you mean minInterval\?/,
    ],
    ['a name of Object', withPacing({ toString: 1 }), /unknown option "toString"/],
    ['minInterval', withPacing({ minInterval: -1 }), /minInterval is -1; it must be a number of ms/],
    ['minInterval', withPacing({ minInterval: NaN }), /minInterval is NaN/],
    ['requestsPerInterval', withPacing({ requestsPerInterval: 0 }), /whole number from 1 to 10000/],
    ['requestsPerInterval', withPacing({ requestsPerInterval: 1.5 }), /whole number/],
    ['interval', withPacing({ interval: 0 }), /interval is 0/],
    ['jitter', withPacing({ jitter: 1.1 }), /jitter is 1.1; it must be a number from 0 to 1/],
    ['autoThrottle', withPacing({ autoThrottle: 'on' }), /autoThrottle is "on"/],
    ['autoThrottle', withPacing({ autoThrottle: { latency: 1 } }), /unknown option "latency"/],
    ['delays', withPacing({ autoThrottle: { minDelay: 9, startDelay: 5 } }), /must not fall/],
    ['prefer', withHosts({ 'a.test': { prefer: 'x' } }), /prefer is "x"/],
    ['the client’s own', () => new HostSettings({ pacing: { jitter: -1 } }), /^pacing.jitter is -1/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(ArgumentError)
    expect(make).toThrow(message)
  })
})
