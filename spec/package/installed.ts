import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../style/repository.ts'

const exec = promisify(execFile)

/** Names of the files in the tarball, and the folder that it is installed in. */
export interface Installed {
  readonly folder: string
  readonly files: readonly string[]
  run(command: string, args: readonly string[], node?: string): Promise<string>
  write(name: string, text: string): Promise<void>
  remove(): Promise<void>
}

/** Packs the project and installs the tarball, without what only its developers need, in an empty folder. */
export async function install(): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'trawl-package-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const files = await packInto(folder)
    return {
      folder,
      files,
      run: (command, args, node) => call(command, args, folder, node),
      write: (name, text) => writeFile(join(folder, name), text),
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

async function packInto(folder: string): Promise<string[]> {
  // The build's own output would come before the JSON: it is built once, here, by `prepack`.
  await call('npm', ['run', '-s', 'prepack'], root)
  const packed = await call('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)
  const [tarball] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }]
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const args = [
    'install',
    '--omit=dev',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    `./${tarball.filename}`,
  ]
  await call('npm', args, folder)
  return tarball.files.map((file) => file.path)
}

/** The path of a Node of this exact version; npm fetches it once and keeps it. */
export async function nodeOf(version: string): Promise<string> {
  if (process.versions.node === version) return process.execPath
  const path = await call('npx', ['-y', '-p', `node@${version}`, 'node', '-p', 'process.execPath'], tmpdir())
  return path.trim()
}

async function call(command: string, args: readonly string[], cwd: string, node?: string): Promise<string> {
  // What npm tells its scripts about this project would mislead an npm that works elsewhere.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(package|lifecycle|config_local_prefix)/.test(name),
    ),
  )
  if (node !== undefined) env['PATH'] = `${dirname(node)}${delimiter}${env['PATH']}`
  try {
    const { stdout } = await exec(command, args, { cwd, env, timeout: 240_000, maxBuffer: 1 << 26 })
    return stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')} failed\n${stdout}\n${stderr}`, { cause: error })
  }
}
