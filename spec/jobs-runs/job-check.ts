import { createReadStream, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { Journal } from '../../lib/jobs/journal/journal.ts'
import type { JobSite } from './job-site.ts'
import type { KilledJob } from './kill-run.ts'

/** A line of the report, or what the journal has of it. */
interface Line {
  readonly url: string
  readonly status: number | null
  readonly error: string | null
  readonly file: string | null
}

const SHOWN = 10

/** Without scheme, as the site names them. */
export function reportUrl(line: string): string {
  return (JSON.parse(line) as Line).url.slice('http://'.length)
}

/** What is wrong with a job that has come to its end; the first few things. */
export async function faultsOf(site: JobSite, urls: number, job: KilledJob): Promise<string[]> {
  const faults: string[] = []
  const fault = (text: string): void => {
    if (faults.length < SHOWN) faults.push(text)
  }
  const numbers = new Map(Array.from({ length: urls }, (_, i) => [site.urlOf(i), i]))
  const files = new Map<string, number>()
  for (const [name, lines] of [
    ['journal', journalLines(job.jobDir)],
    ['report', reportLines(job.report)],
  ] as const) {
    const seen = new Set<string>()
    for await (const { line, ok } of lines) {
      const { url, status, error, file } = JSON.parse(line) as Line
      const short = url.slice('http://'.length)
      const i = numbers.get(short)
      if (i === undefined) fault(`${name}: ${url} was not in the list`)
      else if (seen.has(short)) fault(`${name}: ${url} is there twice`)
      else {
        const expected = site.bodyOf(i) === null ? 404 : 200
        const isOk = status === expected || (status === 206 && site.isLarge(i))
        if (!isOk || error !== null) fault(`${name}: ${url} has status ${status}, error ${error}`)
        if (ok !== undefined && ok !== (expected === 200)) fault(`${name}: ${url} is ${ok ? 'ok' : 'failed'}`)
        if ((file === null) !== (expected === 404)) fault(`${name}: ${url} has the file ${file}`)
        if (file !== null && name === 'report') files.set(relative(job.outputDir, file), i)
      }
      seen.add(short)
    }
    if (seen.size !== urls) fault(`${name}: ${seen.size} URLs, not ${urls}`)
  }
  checkFiles(site, job.outputDir, files, fault)
  const rest = readdirSync(job.jobDir).filter((name) => !OF_A_JOB.has(name))
  if (rest.length > 0) fault(`left in the job's folder: ${rest.slice(0, SHOWN).join(', ')}`)
  return faults
}

const OF_A_JOB: ReadonlySet<string> = new Set(['journal.jsonl', 'command.json', 'lock', 'owner'])

function checkFiles(
  site: JobSite,
  outputDir: string,
  files: ReadonlyMap<string, number>,
  fault: (text: string) => void,
): void {
  const entries = readdirSync(outputDir, { recursive: true, withFileTypes: true })
  let count = 0
  for (const entry of entries) {
    if (entry.isDirectory()) continue
    const path = join(entry.parentPath, entry.name)
    const i = files.get(relative(outputDir, path))
    if (i === undefined) fault(`a file that no URL has: ${path}`)
    else if (!readFileSync(path).equals(site.bodyOf(i)!)) fault(`not the bytes of ${site.urlOf(i)}: ${path}`)
    else count++
  }
  if (count !== files.size) fault(`${count} whole files, not ${files.size}`)
}

async function* reportLines(path: string): AsyncGenerator<{ line: string; ok: undefined }> {
  for await (const line of createInterface({ input: createReadStream(path) })) yield { line, ok: undefined }
}

async function* journalLines(jobDir: string): AsyncGenerator<{ line: string; ok: boolean }> {
  for await (const { line, ok } of (await Journal.read(jobDir)).entries({ all: true })) yield { line, ok }
}
