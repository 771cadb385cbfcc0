import type { Random } from '../../lib/testing/random.ts'
import type { SimServer } from './server.ts'

/** A page that several calls ask for. */
export interface Resource {
  /** In place of a call's; none of these is a call's. */
  readonly id: number
  readonly server: SimServer
  readonly size: number
  readonly status: number
}

const FIRST_ID = 1_000_000

const CACHE_CONTROLS = [
  '',
  'max-age=1',
  'max-age=5',
  'max-age=60',
  'private, max-age=5',
  'no-store',
  'no-store, max-age=60',
  'no-cache',
  'max-age=0',
  'max-age=1, must-revalidate',
  'max-age=0, stale-while-revalidate=30',
  'max-age=0, stale-while-revalidate=30',
  'max-age=0, stale-if-error=60',
  'max-age=soon',
]

export function drawResources(random: Random, servers: readonly SimServer[]): Resource[] {
  return Array.from({ length: random.int(1, 4) }, (_, index) => ({
    id: FIRST_ID + index,
    server: random.pick(servers),
    size: random.chance(0.1) ? random.int(20_000, 200_000) : random.int(0, 3000),
    status: random.pick([200, 200, 200, 200, 404, 204]),
  }))
}

/** Fields that say how an answer may be used again. */
export function drawCacheFields(random: Random, is304: boolean): string[] {
  const control = random.pick(CACHE_CONTROLS.filter((text) => !is304 || !text.includes('no-store')))
  const fields = control === '' ? [] : [`Cache-Control: ${control}`]
  if (is304) return fields
  if (random.chance(0.25)) fields.push('Vary: X-Variant')
  else if (random.chance(0.05)) fields.push('Vary: *')
  return fields
}

/** The entity tags of one server's pages. */
export class ResourceVersions {
  readonly #versions = new Map<string, number>()

  of(path: string, changed: boolean): string {
    const version = (this.#versions.get(path) ?? 1) + (changed ? 1 : 0)
    this.#versions.set(path, version)
    return `"v${version}"`
  }
}
