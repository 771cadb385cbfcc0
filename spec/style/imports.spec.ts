import { describe, expect, it } from 'vitest'
import { checkImports } from './import-rules.ts'
import { listFiles, read } from './repository.ts'
import { parse } from './source.ts'

const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }

/** Checks a small lib that exists in memory only. */
function check(files: Record<string, string>): string[] {
  const sources = Object.entries(files).map(([path, text]) => parse(`lib/${path}`, text))
  return checkImports(sources, ['pako', '@scope/name'])
}

/** Three files in a ring; `kind` is how the first imports the second. */
function cycle(kind: '' | 'type'): Record<string, string> {
  return {
    'core/a.ts': `import ${kind} { b } from './b.ts'\nexport const a: b = 1`,
    'core/b.ts': "import { c } from './c.ts'\nexport type b = typeof c",
    'core/c.ts': "import { a } from './a.ts'\nexport const c = a",
  }
}

describe('lib', () => {
  it('imports in one direction, without cycles, barrels or ways past the seams', () => {
    const files = listFiles().filter((path) => /^lib\/.*\.ts$/.test(path))
    expect(files.length).toBeGreaterThan(10)
    expect(
      checkImports(
        files.map((path) => parse(path, read(path))),
        Object.keys(dependencies),
      ),
    ).toEqual([])
  })
})

describe('the checker', () => {
  const leaf = 'export const a = 1'

  it('accepts what the design allows', () => {
    expect(
      check({
        'core/a.ts': leaf,
        'net/network.ts': "export type T = import('node:tls').TlsOptions",
        'net/tcp.ts': "import { connect } from 'node:net'\nimport { a } from '../core/a.ts'\nconnect(a)",
        'scheduler/pool.ts': "import type { T } from '../net/network.ts'\nexport interface P { t: T }",
        'call/call.ts':
          "import type { P } from '../scheduler/pool.ts'\nimport pako from 'pako/x'\npako(0 as unknown as P)",
        'client.ts': "import { a } from './core/a.ts'\nexport class Client { a = a }",
        'index.ts': "export { Client } from './client.ts'\nexport const version = '1.0.0'",
        'cli/main.ts': "import { Client } from '../index.ts'\nsetTimeout(() => new Client(), Date.now())",
        'testing/index.ts': "import type { Client } from '../index.ts'\nexport type C = Client",
      }),
    ).toEqual([])
  })

  it.each([
    [
      'core importing http1',
      'core/b.ts',
      "import { a } from '../http1/a.ts'",
      'core must not import lib/http1/a.ts',
    ],
    [
      'core importing the client',
      'core/b.ts',
      "import type { C } from '../client.ts'",
      'core must not import lib/client.ts',
    ],
    ['http1 importing net', 'http1/b.ts', "import '../net/tcp.ts'", 'http1 must not import lib/net/tcp.ts'],
    [
      'net importing the scheduler',
      'net/b.ts',
      "export { p } from '../scheduler/pool.ts'\nlet x",
      'net must not import',
    ],
    [
      'the scheduler importing tcp',
      'scheduler/b.ts',
      "import '../net/tcp.ts'",
      'scheduler must not import lib/net/tcp.ts',
    ],
    [
      'call importing scheduler values',
      'call/b.ts',
      "import { p } from '../scheduler/pool.ts'",
      '"import type" only',
    ],
    [
      'call importing one value among types',
      'call/b.ts',
      "import { p, type T } from '../scheduler/pool.ts'",
      '"import type" only',
    ],
    ['a late import', 'http1/b.ts', "await import('../net/tcp.ts')", 'http1 must not import lib/net/tcp.ts'],
    [
      'a type import in place',
      'http1/b.ts',
      "let a: import('../net/tcp.ts').A",
      'http1 must not import lib/net/tcp.ts',
    ],
    [
      'the command going round the public API',
      'cli/b.ts',
      "import '../client.ts'",
      'cli must not import lib/client.ts',
    ],
    [
      'testing taking values of the public API',
      'testing/b.ts',
      "import { a } from '../index.ts'",
      '"import type" only',
    ],
    ['sockets outside net', 'scheduler/b.ts', "import net from 'node:net'", 'node:net belongs to lib/net'],
    ['lookups outside net', 'call/b.ts', "import { lookup } from 'node:dns/promises'", 'belongs to lib/net'],
    ['node:http, even in net', 'net/b.ts', "import http from 'node:http'", 'belongs to lib/net'],
    ['sockets in the seam', 'net/network.ts', "import { connect } from 'node:tls'", 'types only'],
    [
      'a package that is not declared',
      'http1/b.ts',
      "import x from 'left-pad/lib/x.js'",
      'left-pad is not in',
    ],
    ['a file that is not there', 'http1/b.ts', "import './gone.ts'", './gone.ts is no file of lib'],
    ['a shapeless file', 'core/utils.ts', leaf, '"utils.ts" names no idea'],
    ['a shapeless folder', 'core/helpers/b.ts', leaf, '"helpers" names no idea'],
    ['an unknown folder', 'queue/b.ts', leaf, 'no folder of the design'],
    ['a barrel', 'http1/b.ts', "export { a } from '../core/a.ts'", 'does nothing but re-export'],
    ['export *', 'http1/b.ts', "export * from '../core/a.ts'\nexport const b = 1", 'export * hides names'],
    ['an index of a folder', 'http1/index.ts', leaf, 'is a barrel'],
    ['work in the public index', 'index.ts', 'export const a = 1', 'public names'],
    ['Date.now', 'core/b.ts', 'export const now = () => Date.now()', ':1: Date.now goes past the clock'],
    ['new Date()', 'core/b.ts', '\nexport const now = new Date()', ':2: new Date() goes past the clock'],
    ['setTimeout', 'net/b.ts', 'setTimeout(() => {}, 1)', 'setTimeout goes past the clock'],
    ['setTimeout handed on', 'net/b.ts', 'export const later = setTimeout', 'setTimeout goes past the clock'],
    ['globalThis.setInterval', 'net/b.ts', 'globalThis.setInterval(() => {}, 1)', 'setInterval goes past'],
    ['Math.random', 'call/b.ts', 'export const r = Math.random', 'Math.random goes past the clock'],
    ['performance.now', 'call/b.ts', 'export const r = performance.now()', 'performance.now goes past'],
    [
      'AbortSignal.timeout',
      'call/b.ts',
      'export const s = AbortSignal.timeout(5)',
      'AbortSignal.timeout goes past',
    ],
    [
      'node:timers',
      'call/b.ts',
      "import { setTimeout as wait } from 'node:timers/promises'\nwait",
      'node:timers/promises',
    ],
  ])('finds %s', (_, path, text, message) => {
    const surroundings = {
      'core/a.ts': leaf,
      'http1/a.ts': leaf,
      'net/tcp.ts': leaf,
      'scheduler/pool.ts': leaf,
    }
    const breaches = check({ ...surroundings, 'client.ts': leaf, 'index.ts': '', [path]: text })
    expect(breaches).toHaveLength(1)
    expect(breaches[0]).toContain(message)
  })

  it('finds a cycle, and takes one of types for none', () => {
    expect(check(cycle(''))).toEqual([
      'cycle: lib/core/a.ts -> lib/core/b.ts -> lib/core/c.ts -> lib/core/a.ts',
    ])
    expect(check(cycle('type'))).toEqual([])
  })

  it('takes a method called setTimeout for what it is', () => {
    expect(
      check({ 'net/b.ts': 'declare const s: { setTimeout(ms: number): void }\ns.setTimeout(1)' }),
    ).toEqual([])
    expect(check({ 'net/b.ts': 'export let t: ReturnType<typeof setTimeout>, d = new Date(0)' })).toEqual([])
  })
})
