import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Writes docs/benchmarks.md: nothing in it is written by hand. */
export async function writePage(speed: readonly string[], memory: string): Promise<void> {
  const cpu = cpus()
  const text = `# Benchmarks

Written by \`npm run bench -- --write\`, never by hand. What counts is the ratio within one run: absolute numbers
are those of the machine that made them.

Node ${process.version}, ${versionOf('undici')}, ${versionOf('got')}, on ${cpu.length} x ${cpu[0]?.model.trim() ?? 'unknown'}.

## CPU and throughput

One nginx on loopback answers with status 200 and 128 bytes. Each case runs in a process of its own, warms up, and
is measured several times, in turns with the others; the numbers are medians. *CPU us* is the client's own CPU
time, user and system, for one request, read as text; *range* is the lowest and highest of the rounds. Connections
times depth requests are under way at any moment. trawl runs with its defaults: time limits, decoding, checks,
retries and redirects are on; *bare* is without the last two, *jar* with a cookie jar, three cookies in each request. undici runs on a \`Pool\` with \`blocking: false\`, which lets it pipeline. *raw socket* is the floor: it
writes bytes that are ready and counts answers by their size. *connections* is what the server counted: \`fetch\` cannot be
told how many to open.

${speed.join('\n\n')}

## Memory

${memory.trim()}
`
  writeFileSync(join(root, 'docs/benchmarks.md'), text)
}

function versionOf(name: string): string {
  const path = join(root, 'node_modules', name, 'package.json')
  return `${name} ${(JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version}`
}
