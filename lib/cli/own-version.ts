import { createRequire } from 'node:module'

/** The package's version, without the library: to load it takes ten times as long as to tell this. */
export function ownVersion(): string {
  // By its name: what is built lies deeper than its source does.
  const manifest = createRequire(import.meta.url)('trawl/package.json') as { version: string }
  return manifest.version
}
