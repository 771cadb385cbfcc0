import { open, type FileHandle } from 'node:fs/promises'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import { FileError, reasonOf } from './file-error.ts'
import { CLI_LIMITS } from './limits.ts'
import type { Outcome } from './outcome.ts'

/** The report: one JSON object a line for every item that is finished, added to what the file has. */
export class ReportFile {
  readonly path: string
  readonly #handle: FileHandle
  #lines: string[] = []
  #size = 0
  #writing: Promise<void> | null = null
  #failure: FileError | null = null

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  static async open(path: string): Promise<ReportFile> {
    try {
      return new ReportFile(path, await open(path, 'a'))
    } catch (error) {
      const reason = reasonOf(error)
      throw new CliError(
        EXIT.file,
        `cannot write the report ${path}: ${reason}; choose another --report, or make its folder writable`,
        error,
      )
    }
  }

  /** Device and inode: whether it is the same file as another one. */
  async identity(): Promise<string> {
    const stat = await this.#handle.stat()
    return `${stat.dev}:${stat.ino}`
  }

  /** A promise: the disk does not keep up. Throws, or rejects with, a FileError once a write has failed. */
  add(line: string): Promise<void> | undefined {
    if (this.#failure !== null) throw this.#failure
    this.#lines.push(line)
    this.#size += line.length
    this.#writing ??= this.#write()
    return this.#size > CLI_LIMITS.reportBuffer ? this.#written() : undefined
  }

  /** All that was added is in the file. Rejects with a FileError. */
  async #written(): Promise<void> {
    await this.#writing
    if (this.#failure !== null) throw this.#failure
  }

  /** Bytes of the file. */
  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  /** Cuts off what stands behind the first `size` bytes. */
  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size)
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#handle.close()
    if (this.#failure !== null) throw this.#failure
  }

  /** Whole lines in one write each time, so that a killed run leaves whole lines. */
  async #write(): Promise<void> {
    try {
      while (this.#lines.length > 0) {
        const lines = `${this.#lines.join('\n')}\n`
        this.#lines = []
        this.#size = 0
        await this.#handle.appendFile(lines)
      }
    } catch (error) {
      this.#failure = new FileError(
        'ERR_FILE',
        `cannot write the report ${this.path}: ${reasonOf(error)}`,
        error,
      )
    }
    this.#writing = null
  }
}

/** One line, without its end. Unknown values are null: a missing time is not a time of 0. */
export function reportLine(outcome: Outcome): string {
  const { resumedFrom, skipped, session, meta } = outcome
  const more = resumedFrom > 0 || skipped || session !== '' || meta !== undefined
  return more ? longLine(outcome) : shortLine(outcome)
}

/** Most lines have nothing more: put together by hand, in a third of the time. */
function shortLine(outcome: Outcome): string {
  const { line, status, attempt } = outcome
  return (
    `{"url":${jsonText(outcome.url)},"line":${line === 0 ? null : line},"finalUrl":${jsonText(outcome.finalUrl)},` +
    `"status":${status === 0 ? null : status},"redirects":${numberOrNull(outcome.redirects)},` +
    `"retries":${numberOrNull(outcome.retries)},"cache":${jsonText(outcome.cache)},"error":${jsonText(outcome.error)},` +
    `"message":${jsonText(outcome.message)},"bytesOnWire":${numberOrNull(outcome.bytesOnWire)},` +
    `"bytesDecoded":${numberOrNull(outcome.bytesDecoded)},"headMs":${numberOrNull(outcome.headMs)},` +
    `"totalMs":${numberOrNull(outcome.totalMs)},"clientIp":${jsonText(outcome.clientIp)},` +
    `"remoteAddress":${jsonText(outcome.remoteAddress)},"file":${jsonText(outcome.file)},` +
    `"attempt":${attempt === 0 ? null : attempt}}`
  )
}

/** Characters that stand in JSON as they are. */
const PLAIN = /^[ !#-[\]-~]*$/u

function jsonText(value: string): string {
  if (value === '') return 'null'
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value)
}

function longLine(outcome: Outcome): string {
  return JSON.stringify({
    url: outcome.url,
    line: outcome.line === 0 ? null : outcome.line,
    finalUrl: textOrNull(outcome.finalUrl),
    status: outcome.status === 0 ? null : outcome.status,
    redirects: numberOrNull(outcome.redirects),
    retries: numberOrNull(outcome.retries),
    cache: textOrNull(outcome.cache),
    error: textOrNull(outcome.error),
    message: textOrNull(outcome.message),
    bytesOnWire: numberOrNull(outcome.bytesOnWire),
    bytesDecoded: numberOrNull(outcome.bytesDecoded),
    headMs: numberOrNull(outcome.headMs),
    totalMs: numberOrNull(outcome.totalMs),
    clientIp: textOrNull(outcome.clientIp),
    remoteAddress: textOrNull(outcome.remoteAddress),
    file: textOrNull(outcome.file),
    attempt: outcome.attempt === 0 ? null : outcome.attempt,
    resumedFrom: outcome.resumedFrom === 0 ? undefined : outcome.resumedFrom,
    skipped: outcome.skipped || undefined,
    session: outcome.session === '' ? undefined : outcome.session,
    meta: outcome.meta,
  })
}

function textOrNull(text: string): string | null {
  return text === '' ? null : text
}

function numberOrNull(value: number): number | null {
  return value < 0 ? null : Math.round(value * 1000) / 1000
}
