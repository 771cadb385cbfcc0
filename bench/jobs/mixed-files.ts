import { createCipheriv } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Site } from '../site.ts'

/** One file in so many is a large one. */
const LARGE_EVERY = 400
const LARGE = 1_048_576
const SMALLEST = 1_024
const LARGEST = 30_720

/** Served below this path; the files are `0.bin`, `1.bin` and so on. */
const PATH = 'mixed'

/** What no compression and no guess shortens, the same in every run. */
const RANDOM = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(
  Buffer.alloc(LARGE + 65_536),
)

/** From 1 to 30 KB, as many of each power of two as of the next; some 1 MB. */
function sizeOf(n: number): number {
  if (n % LARGE_EVERY === LARGE_EVERY - 1) return LARGE
  // Knuth's multiplicative hash: neighbours in the list are of different sizes.
  const part = ((n * 2_654_435_761) % 4_294_967_296) / 4_294_967_296
  return Math.round(SMALLEST * (LARGEST / SMALLEST) ** part)
}

/** No two files are the same: each begins with its number, and goes on from another place of the same bytes. */
export function contentOf(n: number): Buffer {
  const start = (n * 7_919) % 65_536
  const content = Buffer.from(RANDOM.subarray(start, start + sizeOf(n)))
  content.writeUInt32BE(n)
  return content
}

/** Bytes of the first `count` files. */
export function bytesOf(count: number): number {
  let sum = 0
  for (let n = 0; n < count; n++) sum += sizeOf(n)
  return sum
}

/** The path of a list of the first `count` files, as URLs or as curl's config; both are made when first asked for. */
export function mixedList(site: Site, kind: 'urls' | 'curl', count: number): string {
  const folder = join(site.folder, 'lists')
  const path = join(folder, `${PATH}-${kind}-${count}.txt`)
  if (existsSync(path)) return path
  const served = join(site.folder, 'site', PATH)
  mkdirSync(served, { recursive: true })
  mkdirSync(folder, { recursive: true })
  const lines: string[] = []
  for (let n = 0; n < count; n++) {
    const file = join(served, `${n}.bin`)
    if (!existsSync(file)) writeFileSync(file, contentOf(n))
    const url = `${site.origin}/${PATH}/${n}.bin`
    lines.push(kind === 'curl' ? `url = "${url}"\noutput = "${n}.bin"\n` : `${url}\n`)
  }
  writeFileSync(path, lines.join(''))
  return path
}

/** Throws unless `folder` holds the first `count` files, each with every byte as it was served, and nothing else. */
export function checkMixed(folder: string, count: number): void {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const paths = new Map(files.map(({ parentPath, name }) => [name, join(parentPath, name)]))
  const wrong: string[] = []
  for (let n = 0; n < count; n++) {
    const path = paths.get(`${n}.bin`)
    if (path === undefined || !readFileSync(path).equals(contentOf(n))) wrong.push(`${n}.bin`)
  }
  if (wrong.length === 0 && files.length === count) return
  throw new Error(
    `${wrong.length} of ${count} files are wrong or lacking, as ${wrong[0]}; there are ${files.length}`,
  )
}
