import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')
const builds = new Map<string, Promise<string>>()

/**
 * The package as it is installed: built, once a run, into a folder of the run, so that `dist` stays what it was. Resolves
 * with the path of its `dist`.
 */
export function builtTrawl(folder: string): Promise<string> {
  let built = builds.get(folder)
  if (built === undefined) {
    built = build(join(folder, 'trawl'))
    builds.set(folder, built)
  }
  return built
}

async function build(folder: string): Promise<string> {
  mkdirSync(folder)
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const dist = join(folder, 'dist')
  const rolldown = join(root, 'node_modules/.bin/rolldown')
  const args = ['-c', 'rolldown.config.ts', '--configLoader', 'native', '--dir', dist]
  await promisify(execFile)(rolldown, args, { cwd: root })
  return dist
}
