import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'

/** A program that is compared with, as Debian calls its package. */
export interface Tool {
  readonly name: string
  readonly package: string
}

/** What a command took, as GNU time tells: user and system, of all its processes. */
export interface Cost {
  /** us. */
  readonly cpu: number
  /** ms. */
  readonly wall: number
  /** MB. */
  readonly peakRss: number
  readonly stdout: string
  /** Its last 8 KB. */
  readonly stderr: string
}

export interface CommandOptions {
  /** Where it runs; default: where this process does. */
  readonly cwd?: string
  /** Keep what it writes to standard output; default: it goes to /dev/null. */
  readonly keepsOutput?: boolean
}

/** ms, after which it is ended: aria2c waits for the disk with each file. */
const TIMEOUT = 900_000
const COMPLAINT = 500
/** Characters of stderr that are kept. */
const LAST_WORDS = 8_192

function pathOf(name: string): string | null {
  if (isAbsolute(name)) return name
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

/** A sentence about those that are not there; '' when all are. */
export function missing(tools: readonly Tool[]): string {
  const needed: readonly Tool[] = [{ name: 'time', package: 'time' }, ...tools]
  const absent = needed.filter(({ name }) => pathOf(name) === null)
  if (absent.length === 0) return ''
  const packages = absent.map((tool) => tool.package).join(' ')
  return ` Not measured, as not installed here: ${absent.map(({ name }) => name).join(', ')} (apt-get install ${packages}).`
}

/**
 * Runs a program and returns what it took; null where it, or GNU time, is not installed. Rejects when it fails.
 *
 * GNU time stands between, as Node does not tell what a child took: CPU in steps of 10 ms, and peak memory without that of
 * this process, which a direct child of it would begin with.
 */
export async function runCommand(
  name: string,
  args: readonly string[],
  { cwd, keepsOutput = false }: CommandOptions = {},
): Promise<Cost | null> {
  const time = pathOf('time')
  const program = pathOf(name)
  if (time === null || program === null) return null
  const folder = mkdtempSync(join(tmpdir(), 'trawl-bench-'))
  const told = join(folder, 'time')
  try {
    const started = performance.now()
    // A process group of its own, so that a command that hangs can be ended with what it started.
    const child = spawn(time, ['-q', '-o', told, '-f', '%U %S %M', program, ...args], {
      cwd,
      detached: true,
      stdio: ['ignore', keepsOutput ? 'pipe' : 'ignore', 'pipe'],
    })
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), TIMEOUT)
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString('latin1')))
    child.stderr!.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-LAST_WORDS)))
    const [code] = (await once(child, 'close')) as [number | null]
    const wall = performance.now() - started
    clearTimeout(timer)
    if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr.slice(-COMPLAINT)}`)
    const [user = NaN, system = NaN, kilobytes = NaN] = readFileSync(told, 'utf8').split(' ').map(Number)
    return { cpu: (user + system) * 1e6, wall, peakRss: (kilobytes * 1_024) / 1e6, stdout, stderr }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
