import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../spec/servers/program.ts'
import { nginxProgram } from '../spec/servers/nginx.ts'

/** What a run was made on, and with what. */
export interface Machine {
  readonly machine: string
  /** By name; 'not installed' where it is not. */
  readonly versions: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '..')
const PACKAGES = ['undici', 'got', 'axios', 'ky', 'node-fetch']
/** How each tells its version. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  curl: ['--version'],
  aria2c: ['--version'],
  wget2: ['--version'],
  scrapy: ['version'],
}

export function describeMachine(): Machine {
  const cpus = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  const versions: Record<string, string> = { trawl: ownVersion(), node: process.versions.node }
  for (const name of PACKAGES) versions[name] = versionOfPackage(name)
  for (const [name, args] of Object.entries(PROGRAMS)) versions[name] = versionOfProgram(name, args)
  versions['nginx'] = versionOfProgram(findProgram(nginxProgram) ?? 'nginx', ['-v'])
  return {
    machine: `${cpus.length} x ${cpus[0]?.model.trim() ?? 'unknown'}, ${memory} GB, ${os.type()} ${os.release()} ${os.arch()}`,
    versions,
  }
}

/** `0.1.0 of 1234567`, or `with changes`: what of lib/ is in no commit. */
function ownVersion(): string {
  const commit = git('rev-parse', '--short', 'HEAD') ?? 'unknown'
  const changes = git('status', '--porcelain', '--', 'lib') ?? ''
  return `${versionIn('package.json')} of ${commit}${changes === '' ? '' : ' with changes'}`
}

/** null: there is no git, or this is no repository. */
function git(...args: readonly string[]): string | null {
  try {
    return execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return null
  }
}

function versionOfPackage(name: string): string {
  return versionIn(join('node_modules', name, 'package.json'))
}

function versionIn(file: string): string {
  const path = join(root, file)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}

/** The first number that it tells, on either of its outputs. */
function versionOfProgram(name: string, args: readonly string[]): string {
  try {
    const text = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', name, ...args], { encoding: 'utf8' })
    return /\d+(\.\d+)+/.exec(text)?.[0] ?? 'unknown'
  } catch {
    return 'not installed'
  }
}
