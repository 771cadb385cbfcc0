// Runs every example in this folder, one after the other; each checks its own result.
// Run it with: npm run examples
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { serve } from './site/serve.ts'

/** Each takes a few seconds, or twenty processes; one that hangs is ended. */
const MOST_MS = 180_000

interface Ended {
  /** null: it was ended. */
  readonly code: number | null
  readonly stdout: string
}

/** Runs one, and shows what it prints. */
async function run(name: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: MOST_MS,
    killSignal: 'SIGKILL',
  })
  child.stdout.pipe(process.stdout, { end: false })
  const ended = once(child, 'exit') as Promise<[number | null]>
  const [stdout, [code]] = await Promise.all([text(child.stdout), ended])
  return { code, stdout }
}

/** The example of the README fetches what it is given. */
async function runQuickstart(name: string): Promise<Ended> {
  const site = await serve('quick.localhost', ({ url = '' }, response) => response.end(`this is ${url}`))
  try {
    const urls = ['/a', '/bc'].map((path) => site.origin + path)
    const ended = await run(name, urls)
    const lines = ended.stdout.trim().split('\n').toSorted().join('\n')
    const right = lines === `200 ${urls[0]!} 10\n200 ${urls[1]!} 11`
    return right ? ended : { ...ended, code: ended.code || 1 }
  } finally {
    await site.close()
  }
}

const all = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.ts')).toSorted()
const examples = all.filter((name) => name !== basename(import.meta.filename))
const failed: string[] = []
for (const name of examples) {
  console.log(`\n--- ${name}`)
  const { code } = await (name === 'quickstart.ts' ? runQuickstart(name) : run(name, []))
  if (code === 0) continue
  failed.push(name)
  console.error(code === null ? `${name} was ended after ${MOST_MS} ms` : `${name} failed: exit code ${code}`)
}
console.log(`\n${examples.length - failed.length} of ${examples.length} examples passed`)
process.exitCode = failed.length === 0 && examples.length > 0 ? 0 : 1
