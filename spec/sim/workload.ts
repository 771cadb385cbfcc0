import type { CacheMode } from '../../lib/index.ts'
import type { Random } from '../../lib/testing/random.ts'
import type { Resource } from './resources.ts'
import type { SimServer } from './server.ts'
import type { Stages } from './stages.ts'

export type BodyKind = 'none' | 'text' | 'bytes' | 'json' | 'stream' | 'sized stream' | 'failing stream'
/** What is done with the body of a stream: 'some' leaves after a few pieces, 'never' does not begin, 'hold' does so late. */
export type Reader = 'all' | 'slow' | 'hold' | 'some' | 'discard' | 'never'

/** What a call brings that only its own origin may see. */
export type Secret = 'none' | 'authorization' | 'cookie' | 'key' | 'url'

/** One call, written down before the world begins. */
export interface CallSpec {
  readonly id: number
  /** In its path: its own, or that of a page that several ask for. */
  readonly page: number
  /** ms after the phase's begin. */
  readonly at: number
  readonly server: SimServer
  readonly method: string
  readonly size: number
  readonly status: number
  readonly bodyKind: BodyKind
  readonly bodySize: number
  readonly expectContinue: boolean
  readonly idempotent: boolean | null
  readonly priority: number
  readonly clientIp: string
  /** By what of the client it is made: 'plain' is `request` or `stream`. */
  readonly way: 'plain' | 'map' | 'fetch'
  /** null: `request`; otherwise `stream`, and what is done with it. */
  readonly reader: Reader | null
  /** Says `Connection: close`. */
  readonly closes: boolean
  /** null: the client's. */
  readonly maxBodySize: number | null
  /** ms after the call's begin; -1: before it. */
  readonly abortAfter: number | null
  readonly timeouts: Readonly<Record<string, number>>
  /** '': none. */
  readonly session: string
  readonly secret: Secret
  readonly redirect: 'follow' | 'manual' | 'error' | null
  readonly cacheMode: CacheMode | null
  /** Sent as X-Variant, which some answers vary by; '': none. */
  readonly variant: string
}

const METHODS = ['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']
const SECRETS: readonly Secret[] = ['authorization', 'cookie', 'key', 'url']
const CACHE_MODES: readonly CacheMode[] = ['no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached']
const BODY_KINDS: readonly BodyKind[] = ['text', 'bytes', 'json', 'stream', 'sized stream', 'failing stream']

export interface WorkloadTraits {
  readonly count: number
  readonly servers: readonly SimServer[]
  readonly clientIps: readonly string[]
  /** ms over which the calls begin. */
  readonly span: number
  readonly faulty: boolean
  readonly streams: boolean
  readonly bodies: boolean
  readonly aborts: boolean
  readonly priorities: boolean
  /** Some calls are made by `client.map`, and some by `client.fetch`, which knows no time limits. */
  readonly ways: boolean
  readonly mayFetch: boolean
  readonly stages: Stages
  /** Pages that several calls ask for. */
  readonly resources: readonly Resource[]
}

export function drawWorkload(random: Random, traits: WorkloadTraits, firstId: number): CallSpec[] {
  const calls: CallSpec[] = []
  for (let index = 0; index < traits.count; index++) {
    const call = drawCall(random, traits, firstId + index)
    calls.push(traits.ways ? otherwise(random, call, traits) : call)
  }
  return calls
}

/** The same call by another way, as far as that lets it say. */
function otherwise(random: Random, call: CallSpec, { stages, mayFetch }: WorkloadTraits): CallSpec {
  if (call.reader === null && random.chance(0.5)) return { ...call, way: 'map' }
  const isFetchable = !stages.redirects && !stages.cache && call.bodySize === 0 && call.idempotent === null
  const isPlain =
    call.session === '' && call.clientIp === '' && call.secret !== 'url' && call.maxBodySize === null
  if (!mayFetch || !isFetchable || !isPlain || random.chance(0.5)) return call
  const reader = random.pick<Reader>(['all', 'all', call.reader === null ? 'all' : 'discard'])
  return { ...call, way: 'fetch', reader, priority: 0, closes: false, timeouts: {} }
}

function drawCall(random: Random, traits: WorkloadTraits, id: number): CallSpec {
  const { stages, faulty } = traits
  const resource = stages.cache && random.chance(0.7) ? random.pick(traits.resources) : null
  const method = drawMethod(random, traits, resource !== null)
  const mayHaveBody = method === 'POST' || method === 'PUT' || method === 'PATCH'
  let bodyKind: BodyKind = mayHaveBody && random.chance(0.9) ? random.pick(BODY_KINDS) : 'none'
  if (bodyKind === 'failing stream' && !traits.faulty) bodyKind = 'stream'
  const reader = traits.streams && random.chance(0.3) ? drawReader(random, traits.faulty) : null
  return {
    id,
    page: resource === null ? id : resource.id,
    at: random.chance(0.5) ? 0 : random.int(0, traits.span),
    server: resource === null ? random.pick(traits.servers) : resource.server,
    method,
    size: resource === null ? drawSize(random, reader) : resource.size,
    status: resource === null ? drawStatus(random, traits) : resource.status,
    bodyKind,
    bodySize: bodyKind === 'none' ? 0 : drawSize(random, null),
    expectContinue: bodyKind !== 'none' && random.chance(0.2),
    idempotent: method === 'POST' && random.chance(0.1) ? true : null,
    priority: traits.priorities ? random.int(-2, 2) : 0,
    clientIp: random.pick(traits.clientIps),
    way: 'plain',
    reader,
    closes: random.chance(0.05),
    maxBodySize: traits.faulty && random.chance(0.05) ? random.int(1, 2000) : null,
    abortAfter:
      traits.aborts && random.chance(0.2)
        ? random.pick([-1, 0, random.int(0, 50), random.int(0, 1000)])
        : null,
    timeouts: drawTimeouts(random, traits.faulty),
    session: random.pick(stages.sessions),
    secret: stages.none || random.chance(0.6) ? 'none' : random.pick(SECRETS),
    redirect:
      faulty && stages.redirects && random.chance(0.1) ? random.pick(['manual', 'error'] as const) : null,
    cacheMode: faulty && stages.cache && random.chance(0.2) ? random.pick(CACHE_MODES) : null,
    variant: stages.cache ? random.pick(['', '', 'red', 'blue']) : '',
  }
}

function drawMethod(random: Random, traits: WorkloadTraits, isPage: boolean): string {
  if (isPage) return random.pick(['GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'HEAD', 'PUT'])
  return traits.bodies ? random.pick(METHODS) : random.pick(['GET', 'GET', 'GET', 'HEAD'])
}

/** An unasked 304 says nothing where conditions are sent; and a 500 would be tried again. */
function drawStatus(random: Random, { faulty, stages }: WorkloadTraits): number {
  const status = random.pick([200, 200, 200, 200, 200, 201, 204, 304, 404, 500])
  if (status === 304 && stages.cache) return 200
  return status === 500 && stages.retries && !faulty ? 404 : status
}

/** In a healed world nothing may fail; but how long somebody waits in line is not for it to say. */
function drawTimeouts(random: Random, faulty: boolean): Record<string, number> {
  if (!faulty) return { queueTimeout: 0 }
  return random.chance(0.2) ? { totalTimeout: random.int(20, 800) } : {}
}

function drawReader(random: Random, faulty: boolean): Reader {
  return faulty
    ? random.pick<Reader>(['all', 'slow', 'hold', 'some', 'discard', 'never'])
    : random.pick<Reader>(['all', 'slow', 'hold'])
}

/** Mostly pages; now and then one that fills every buffer on its way. */
function drawSize(random: Random, reader: Reader | null): number {
  if (reader === 'hold' && random.chance(0.3)) return random.int(250_000, 400_000)
  if (random.chance(0.05)) return random.int(100_000, 300_000)
  return random.chance(0.2) ? random.int(2000, 40_000) : random.int(0, 2000)
}
