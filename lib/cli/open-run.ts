import type { Readable, Writable } from 'node:stream'
import { ArgumentError, Client, FileError, SqliteStore, systemClock, type ClientOptions } from '../index.ts'
import { Journal } from '../jobs/journal/journal.ts'
import type { BodyStore } from './body-sink.ts'
import { CliError, usageError } from './cli-error.ts'
import { clientOptions } from './client-options.ts'
import type { CookieFiles } from './cookie-files.ts'
import { EXIT } from './exit-codes.ts'
import type { GetOptions } from './get-options.ts'
import { InputSource } from './input-source.ts'
import type { JobStore } from './job-store.ts'
import { NoStore } from './no-store.ts'
import type { Existing } from './output-folder.ts'
import type { ProgressStream } from './progress.ts'
import type { Recorders } from './recorders.ts'
import type { ReportFile } from './report-file.ts'
import { SpillFolder } from './spill-folder.ts'
import { startRun } from './start-run.ts'
import { StdoutStore } from './stdout-store.ts'

/** The process's streams; a getter each, because asking for stdin opens it. */
export interface GetIo {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: ProgressStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** All that a run reads and writes. */
export interface OpenRun {
  readonly client: Client
  readonly source: InputSource
  readonly store: BodyStore
  readonly report: ReportFile | null
  /** null: none are kept. */
  readonly cookies: CookieFiles | null
  readonly cache: SqliteStore | null
  /** null: it is no job. */
  readonly journal: Journal | null
  readonly recorders: Recorders | null
  readonly spills: SpillFolder
}

/** Opens all that is read and written, so that a wrong path shows before the first request. Throws a CliError. */
export async function openAll(
  options: GetOptions,
  io: GetIo,
  note: (text: string) => void,
): Promise<OpenRun> {
  const opening = new Opening(options, io, note)
  try {
    return await opening.all()
  } catch (error) {
    await opening.undo()
    throw error
  }
}

/** Throws a CliError. */
export function openSource(
  { urls, input, inputFormat }: GetOptions,
  client: Client,
  io: Pick<GetIo, 'stdin'>,
  note: (text: string) => void,
): Promise<InputSource> {
  // Only a list from standard input needs it, and asking for it opens it.
  const stdin = input === '-' ? io.stdin : null
  const open = async (url: string): Promise<AsyncIterable<Uint8Array>> =>
    (await client.stream(url, { redirect: 'follow', expectSuccess: true })).body
  return InputSource.open(urls, input, stdin, { format: inputFormat, open, note })
}

/** One thing after the other, all of which are closed again where a later one cannot be opened. */
class Opening {
  readonly #options: GetOptions
  readonly #io: GetIo
  readonly #note: (text: string) => void
  readonly #closers: (() => unknown)[] = []

  constructor(options: GetOptions, io: GetIo, note: (text: string) => void) {
    this.#options = options
    this.#io = io
    this.#note = note
  }

  async all(): Promise<OpenRun> {
    const options = this.#options
    const cookies = await openCookies(options, this.#io)
    const cache = openCache(options.cache)
    this.#closers.push(() => cache?.close())
    const client = makeClient(clientOptions(options, cookies?.jars ?? null, cache))
    this.#closers.push(() => client.destroy())
    const source = await openSource(options, client, this.#io, this.#note)
    this.#closers.push(() => source.stop())
    const synced: { store: JobStore | null } = { store: null }
    const journal = await this.#openJournal(synced)
    const store = await this.#openStore(journal, synced)
    const report = await this.#openReport(source, journal)
    const spills = new SpillFolder(options.job)
    const recorders = await this.#openRecorders(client, journal)
    return { client, source, store, report, cookies, cache, journal, recorders, spills }
  }

  async undo(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close()
  }

  async #openJournal(synced: { store: JobStore | null }): Promise<Journal | null> {
    const { job, fsync } = this.#options
    if (job === '') return null
    try {
      const beforeSync = async (): Promise<void> => synced.store?.sync()
      const journal = await Journal.open(job, { fsync, clock: systemClock, note: this.#note, beforeSync })
      this.#closers.push(() => journal.close())
      return journal
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      throw new CliError(EXIT.file, `--job: ${error.message}`, error)
    }
  }

  async #openStore(journal: Journal | null, synced: { store: JobStore | null }): Promise<BodyStore> {
    const { method, discard, outputDir, force, skipExisting, fsync, job } = this.#options
    if (method === 'HEAD' || discard) return new NoStore()
    if (outputDir === '') return new StdoutStore(this.#io.stdout)
    const folders = await import('./output-folder.ts')
    const existing: Existing = force ? 'replace' : skipExisting ? 'skip' : 'refuse'
    const folder = await folders.OutputFolder.open(outputDir, existing)
    if (journal === null) return folder
    const stores = await import('./job-store.ts')
    synced.store = new stores.JobStore(folder, existing, Date.parse(journal.status.created), fsync, job)
    return synced.store
  }

  async #openRecorders(client: Client, journal: Journal | null): Promise<Recorders | null> {
    const { har, trace, htmlReport, metrics } = this.#options
    if (har === '' && trace === '' && htmlReport === '' && metrics === null) return null
    const { openRecorders } = await import('./recorders.ts')
    const goesOn = journal !== null && journal.status.runs > 1
    return openRecorders({ ...this.#options, goesOn }, this.#note, () => client.stats())
  }

  async #openReport(source: InputSource, journal: Journal | null): Promise<ReportFile | null> {
    const { report: path } = this.#options
    const report = path === '' ? null : await openReport(path, source)
    if (report !== null) this.#closers.push(() => report.close())
    if (journal === null) return report
    try {
      await startRun(journal, report)
    } catch (error) {
      throw new CliError(EXIT.file, (error as Error).message, error)
    }
    return report
  }
}

/** Throws a CliError. */
export function makeClient(options: ClientOptions): Client {
  try {
    return new Client(options)
  } catch (error) {
    if (error instanceof ArgumentError) throw usageError(error.message, error)
    throw error
  }
}

async function openCookies({ cookies, clientIps }: GetOptions, io: GetIo): Promise<CookieFiles | null> {
  if (!cookies.keeps) return null
  const files = await import('./cookie-files.ts')
  return files.CookieFiles.open(cookies, clientIps, (text) => io.stderr.write(`trawl: ${text}\n`))
}

function openCache(path: string): SqliteStore | null {
  if (path === '') return null
  try {
    return new SqliteStore(path)
  } catch (error) {
    if (error instanceof ArgumentError) throw new CliError(EXIT.file, `--cache: ${error.message}`, error)
    throw error
  }
}

async function openReport(path: string, source: InputSource): Promise<ReportFile | null> {
  if (path === '') return null
  const files = await import('./report-file.ts')
  const report = await files.ReportFile.open(path)
  if (source.identity === '' || (await report.identity()) !== source.identity) return report
  await report.close()
  throw usageError(`${path} is the input too; choose another --report`)
}
