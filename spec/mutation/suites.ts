import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export type SuiteName = 'http1' | 'scheduler'

interface Suite {
  /** All specs of these folders ... */
  readonly folders: readonly string[]
  /** ... but these. */
  readonly without: readonly string[]
}

/** The specs that a mutant has to get past. None may need a network or the real clock. */
const SUITES: Record<SuiteName, Suite> = {
  // Its own specs alone, and none that needs files from elsewhere.
  http1: { folders: ['http1'], without: ['raw-responses'] },
  scheduler: {
    folders: ['scheduler', 'sim'],
    // Other files than the pool, what counts steps by many, and the simulation's own tools.
    without: [
      'auto-throttle',
      'client-ips',
      'client-ips-sockets',
      'cost',
      'paced-targets',
      'start-window',
      'request-parser',
    ],
  },
}

/** Paths of the specs, from the folder above. */
export function specsOf(name: SuiteName): string[] {
  const { folders, without } = SUITES[name]
  return folders.flatMap((folder) => {
    const names = readdirSync(join(import.meta.dirname, '..', folder)).toSorted()
    return names
      .filter((file) => file.endsWith('.spec.ts') && !without.includes(file.replace('.spec.ts', '')))
      .map((file) => `${folder}/${file}`)
  })
}
