import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { read } from './style/repository.ts'

const HOOK = pathToFileURL(join(import.meta.dirname, 'start-up-hook.mjs')).href

/** What a script loads: packages, node's own modules and files of lib or dist, each once, in order. */
export async function loadedBy(script: string, ...args: string[]): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', HOOK, script, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const [urls, errors, [code]] = await Promise.all([
    text(child.stdio[3] as Readable),
    text(child.stdio[2]!),
    once(child, 'close') as Promise<[number | null]>,
  ])
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${errors}`)
  return [...new Set(urls.trim().split('\n').map(nameOf))]
}

function nameOf(loaded: string): string {
  const path = loaded.replace(/^.*\/node_modules\/trawl\//, '')
  return /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path.replace(/^.*\/lib\//, 'lib/')
}

const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }

export function packagesIn(loaded: readonly string[]): string[] {
  return loaded.filter((name) => Object.hasOwn(dependencies, name)).toSorted()
}

/** Those that are dear to load and that a plain request does without. */
export function dearBuiltinsIn(loaded: readonly string[]): string[] {
  return loaded.filter((name) => /^node:(tls|crypto|https?|sqlite)$/.test(name))
}
