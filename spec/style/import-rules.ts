import { posix } from 'node:path'
import { type Import, lineOf, nameOf, type Node, type Source, walk } from './source.ts'

/**
 * Who may import whom inside lib, as in docs/architecture.md. An entry is a folder or a file.
 * `types` may be imported with `import type` only, and come on top of `values`.
 */
interface Rule {
  readonly values: readonly string[]
  readonly types?: readonly string[]
}

const ENGINE = ['core', 'http1', 'net', 'scheduler', 'call', 'cookies', 'cache', 'jobs', 'reports']

export const RULES: Readonly<Record<string, Rule>> = {
  core: { values: ['core'] },
  http1: { values: ['core', 'http1'] },
  net: { values: ['core', 'net'] },
  cookies: { values: ['core', 'cookies'] },
  cache: { values: ['core', 'cache'] },
  scheduler: { values: ['core', 'http1', 'net/network.ts', 'scheduler'] },
  call: { values: ['core', 'cookies', 'cache', 'call'], types: ['scheduler', 'net/network.ts'] },
  'client-options.ts': { values: [], types: ENGINE },
  'client.ts': { values: [...ENGINE, 'client-options.ts'] },
  'index.ts': { values: [...ENGINE, 'client.ts', 'client-options.ts'] },
  // The client has them as methods, and they reach it as any user would.
  jobs: { values: ['core', 'jobs'], types: ['index.ts'] },
  // What a run looks like from outside: it sees what any subscriber of the channels sees.
  reports: { values: ['core', 'reports', 'jobs/file-error.ts'], types: ['index.ts', 'jobs'] },
  cli: { values: ['index.ts', 'jobs', 'reports', 'cli'] },
  testing: { values: ['core', 'net/network.ts', 'testing'], types: ['index.ts'] },
}

/** Entry points that package.json exports: the only files that may do nothing but re-export. */
const ENTRIES = new Set(['lib/index.ts', 'lib/reports/index.ts', 'lib/testing/index.ts'])
const SHAPELESS = /^(utils?|helpers?|common|misc|shared)(\.ts)?$/
const SOCKETS = /^node:(net|tls|dns|dgram|http|https|http2)(\/|$)/
/** The command's own server, on loopback: it is no part of the client. */
const SERVER = 'lib/cli/metrics-server.ts'
/** The clock itself, the simulated one, and the command, which is outside the seam. */
const MAY_ASK_TIME = ['lib/core/clock.ts', 'lib/testing/', 'lib/cli/']
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate'])
const TIME_MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'process.hrtime',
  'AbortSignal.timeout',
])

/** Every breach in `sources`, one readable line each; empty when all is well. */
export function checkImports(sources: readonly Source[], dependencies: readonly string[]): string[] {
  const paths = new Set(sources.map((source) => source.path))
  return [
    ...sources.flatMap((source) => [
      ...checkName(source.path),
      ...checkDirections(source, paths),
      ...checkPackages(source, dependencies),
      ...checkBarrel(source),
      ...checkTime(source),
    ]),
    ...findCycles(sources),
  ]
}

function checkName(path: string): string[] {
  const shapeless = path.split('/').find((part) => SHAPELESS.test(part))
  const breaches = shapeless === undefined ? [] : [`${path}: "${shapeless}" names no idea; name what it does`]
  if (unitOf(path) === null)
    breaches.push(`${path}: no folder of the design; add it to RULES and to the docs`)
  return breaches
}

function checkDirections(source: Source, paths: ReadonlySet<string>): string[] {
  const unit = unitOf(source.path)
  if (unit === null) return []
  const rule = RULES[unit]!
  return source.imports.flatMap((found) => {
    const target = resolveInLib(source.path, found)
    if (target === null) return []
    const at = `${source.path}:${found.line}`
    if (!paths.has(target)) return [`${at}: ${found.specifier} is no file of lib`]
    if (isCovered(target, rule.values)) return []
    if (isCovered(target, rule.types ?? [])) {
      return found.typeOnly ? [] : [`${at}: ${unit} may import ${target} with "import type" only`]
    }
    return [`${at}: ${unit} must not import ${target}`]
  })
}

function checkPackages(source: Source, dependencies: readonly string[]): string[] {
  return source.imports.flatMap(({ specifier, typeOnly, line }) => {
    if (specifier.startsWith('.')) return []
    const at = `${source.path}:${line}`
    if (SOCKETS.test(specifier)) {
      const isServer = source.path === SERVER && specifier === 'node:http'
      const mayUse = isServer || (source.path.startsWith('lib/net/') && !/http/.test(specifier))
      if (!mayUse) return [`${at}: ${specifier} belongs to lib/net`]
      const isSeam = source.path === 'lib/net/network.ts' && !typeOnly
      return isSeam ? [`${at}: the seam may take types only from ${specifier}`] : []
    }
    if (specifier.startsWith('node:')) return []
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
    return dependencies.includes(name) ? [] : [`${at}: ${name} is not in package.json's dependencies`]
  })
}

function checkBarrel(source: Source): string[] {
  const { path, body } = source
  const isEntry = ENTRIES.has(path)
  const breaches: string[] = []
  if (body.some((node) => node.type === 'ExportAllDeclaration'))
    breaches.push(`${path}: export * hides names`)
  if (!isEntry && path.endsWith('/index.ts')) breaches.push(`${path}: an index.ts is a barrel`)
  const reexports = body.filter((node) => isReexport(node)).length
  if (!isEntry && reexports > 0 && reexports === body.length)
    breaches.push(`${path}: does nothing but re-export`)
  if (path === 'lib/index.ts' && body.some((node) => !isReexport(node) && !isVersion(node))) {
    breaches.push(`${path}: may hold public names (export … from) and the version, nothing else`)
  }
  return breaches
}

function checkTime(source: Source): string[] {
  if (MAY_ASK_TIME.some((allowed) => source.path.startsWith(allowed))) return []
  const breaches: string[] = []
  const report = (node: Node, what: string) =>
    breaches.push(`${source.path}:${lineOf(source.text, node.start)}: ${what} goes past the clock`)
  for (const statement of source.body) {
    walk(statement, (node, parent) => {
      const what = timeUse(node, parent)
      if (what !== null) report(node, what)
    })
  }
  for (const { specifier, line } of source.imports) {
    if (/^node:(timers|perf_hooks)/.test(specifier))
      breaches.push(`${source.path}:${line}: ${specifier} goes past the clock`)
  }
  return breaches
}

function timeUse(node: Node, parent: Node | null): string | null {
  if (node.type === 'MemberExpression') {
    const member = `${nameOf(node['object'])}.${nameOf(node['property'])}`
    if (TIME_MEMBERS.has(member)) return member
    return member.startsWith('globalThis.') && TIMERS.has(nameOf(node['property'])) ? member : null
  }
  if (node.type === 'NewExpression' && nameOf(node['callee']) === 'Date') {
    return (node['arguments'] as Node[]).length === 0 ? 'new Date()' : null
  }
  if (node.type !== 'Identifier' || !TIMERS.has(nameOf(node))) return null
  // A name of something else: socket.setTimeout, { setTimeout: … }, typeof setTimeout in a type, an import.
  if (parent === null || parent['property'] === node || parent['key'] === node) return null
  return /^(TSTypeQuery|ImportSpecifier)$/.test(parent.type) ? null : nameOf(node)
}

/** Cycles through imports that exist at run time; those of types alone are harmless. */
function findCycles(sources: readonly Source[]): string[] {
  const edges = new Map(
    sources.map((source) => [
      source.path,
      source.imports.filter((found) => !found.typeOnly).map((found) => resolveInLib(source.path, found)),
    ]),
  )
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at !== -1) cycles.push(`cycle: ${[...trail.slice(at), path].join(' -> ')}`)
    if (at !== -1 || done.has(path)) return
    for (const next of edges.get(path) ?? []) if (next !== null) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return cycles
}

/** The folder or top-level file of lib that `path` belongs to; null: none that the design knows. */
function unitOf(path: string): string | null {
  const unit = path.split('/')[1] ?? ''
  return path.startsWith('lib/') && Object.hasOwn(RULES, unit) ? unit : null
}

function resolveInLib(from: string, { specifier }: Import): string | null {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : null
}

function isCovered(target: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) => target === `lib/${entry}` || target.startsWith(`lib/${entry}/`))
}

function isReexport(node: Node): boolean {
  return node.type === 'ExportNamedDeclaration' && node['source'] !== null && node['source'] !== undefined
}

function isVersion(node: Node): boolean {
  const declaration = node['declaration'] as Node | null | undefined
  if (node.type !== 'ExportNamedDeclaration' || declaration?.type !== 'VariableDeclaration') return false
  return (declaration['declarations'] as Node[]).every((one) => nameOf(one['id']) === 'version')
}
