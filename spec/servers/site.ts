import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILLER = 'the quick brown fox jumps over the lazy dog\n'.repeat(40)

/** Kinds of pages; each is answered in another way. */
const KINDS = ['page', 'gzip', 'ssi', 'files'] as const

/** The path of the site's page number `n`, and the body that it must have on `host`. */
export function pageOf(host: string, n: number): { path: string; body: string } {
  const kind = KINDS[n % KINDS.length]!
  const path = `/${kind}/${n}`
  return { path, body: `${host}${path}\n${kind === 'gzip' || kind === 'files' ? FILLER : ''}` }
}

/**
 * A site whose bodies name their URL. `page`: with a length. `gzip`: coded and chunked, as nginx does when it
 * compresses on the way. `ssi`: chunked. `files`: from the disk, with validators and ranges.
 */
export function siteLocations(folder: string): string {
  return `
    location /page/ { return 200 "$host$request_uri\\n"; }
    location /gzip/ {
      gzip on;
      gzip_types text/plain;
      gzip_min_length 0;
      return 200 "$host$request_uri\\n${FILLER.replaceAll('\n', '\\n')}";
    }
    location /ssi/ {
      ssi on;
      ssi_types text/plain;
      root ${folder};
      rewrite ^ /included.txt break;
    }
    location /files/ { root ${folder}/$host; }
  `
}

/** Writes what the locations read: one file for each page of the kind `files`, below `count`. */
export function writeSite(folder: string, hosts: readonly string[], count: number): void {
  const included = '<!--# echo var="host" --><!--# echo var="request_uri" -->\n'
  writeFileSync(join(folder, 'included.txt'), included)
  for (const host of hosts) {
    mkdirSync(join(folder, host, 'files'), { recursive: true })
    for (let n = 0; n < count; n++) {
      const { path, body } = pageOf(host, n)
      if (path.startsWith('/files/')) writeFileSync(join(folder, host, path), body)
    }
  }
}
