// Logs in, and downloads files from a server that breaks off and refuses now and then.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '../lib/index.ts'
import { startArchive, type ArchiveFile } from './site/archive.ts'

const archive = await startArchive()
const folder = await mkdtemp(join(tmpdir(), 'trawl-example-'))
const client = new Client({
  baseUrl: archive.origin,
  cookies: true,
  maxConnPerTarget: 3,
  maxRetries: 5,
  totalTimeout: 60_000,
})

async function fetchFile({ name, sha256 }: ArchiveFile): Promise<string> {
  const { path, size, retries } = await client.download(`/${name}`, join(folder, name))
  const hash = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  console.log(`${name}: ${size} bytes in ${retries + 1} requests`)
  return hash === sha256 ? '' : `${name} has the wrong hash`
}

try {
  // A form. The answer sets the cookie and leads to the list; both happen in this one call.
  const body = new URLSearchParams({ user: 'reader', password: 'open sesame' })
  const list = await client.post('/login', { body, expectSuccess: true })
  const files = list.json() as ArchiveFile[]
  console.log(`logged in, and led to ${new URL(list.url).pathname}: ${files.length} files`)

  // All at once: the client has three connections for them.
  const problems = await Promise.all(files.map(fetchFile))
  await client.close()

  const { refused, brokenOff, resumed, whole } = archive.counts
  console.log(
    `the server refused ${refused} times, broke off ${brokenOff} times, and was resumed ${resumed} times`,
  )
  if (resumed !== files.length) problems.push(`${resumed} files were resumed, not ${files.length}`)
  if (whole !== files.length) problems.push(`whole files were sent ${whole} times`)
  for (const problem of problems) if (problem !== '') console.error(`wrong: ${problem}`)
  process.exitCode = problems.every((problem) => problem === '') ? 0 : 1
} finally {
  client.destroy()
  await archive.close()
  await rm(folder, { recursive: true, force: true })
}
