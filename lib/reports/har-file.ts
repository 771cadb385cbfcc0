import { systemClock, type Clock } from '../core/clock.ts'
import type { Exchange } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { version } from '../core/version.ts'
import {
  ChannelWatch,
  type CallMessage,
  type Sending,
  type WatchedConnection,
  type WatchListener,
} from './channel-watch.ts'
import { cachedEntry, entryText, sendingEntry, type HarEntry } from './har-entry.ts'
import { HarFieldTexts } from './har-fields.ts'
import { IsoDates } from './iso-dates.ts'
import { JsonListFile } from './json-list-file.ts'

export interface HarOptions {
  /** The client whose exchanges are written; default: all clients of the process. */
  readonly clientId?: number | undefined
  /**
   * Names of fields whose values are blanked, besides Authorization, Proxy-Authorization, Cookie, Set-Cookie
   * and the `secretHeaders` of each request; false: nothing is blanked, cookies neither.
   */
  readonly secretHeaders?: readonly string[] | false | undefined
  /** Go on with the file, where it is a HAR of trawl; otherwise, and by default, it is overwritten. */
  readonly append?: boolean | undefined
  /** The client's clock, where it has one of its own. */
  readonly clock?: Clock | undefined
  /** Told, in one sentence, what the HAR lacks and why it ends; it never fails the run. */
  readonly note: (text: string) => void
}

/** An entry whose body is still being decoded. */
interface HeldEntry {
  readonly entry: HarEntry
  readonly endedAt: number
}

const OPENING = `{"log":{"version":"1.2","creator":{"name":"trawl","version":"${version}"},"comment":"Bodies of answers are not kept.","pages":[],"entries":[`

/**
 * Writes a HAR 1.2: an entry for each time an exchange was on the wire, redirects, retries, and what was lost
 * with its connection and sent again each on their own; one for each that failed before; one for each answer out
 * of the cache. Bodies of answers are not kept, those of requests where they are small and text.
 */
export class HarFile implements WatchListener {
  readonly #file: JsonListFile
  readonly #clock: Clock
  readonly #watch: ChannelWatch
  readonly #texts: HarFieldTexts
  readonly #dates = new IsoDates()
  readonly #note: (text: string) => void
  readonly #isOneClient: boolean
  readonly #held = new Map<Exchange, HeldEntry>()

  private constructor(file: JsonListFile, clock: Clock, options: HarOptions) {
    this.#file = file
    this.#clock = clock
    this.#note = options.note
    this.#isOneClient = options.clientId !== undefined
    this.#texts = new HarFieldTexts(options.secretHeaders ?? [])
    this.#watch = new ChannelWatch(this, { clock, clientId: options.clientId })
  }

  /** Begins to watch. Rejects with the system's error where the file cannot be written. */
  static async open(path: string, options: HarOptions): Promise<HarFile> {
    const { append: goesOn = false, clock = systemClock, note } = options
    const file = await JsonListFile.open(path, {
      name: 'HAR',
      opening: OPENING,
      closing: ']}}',
      goesOn,
      clock,
      note,
    })
    return new HarFile(file, clock, options)
  }

  /** All that has ended is in the file. What is under way is not. Never rejects. */
  async close(): Promise<void> {
    this.#watch.close()
    for (const exchange of this.#held.keys()) this.#release(exchange, -1)
    if (this.#watch.missed > 0) {
      this.#note(`the HAR lacks ${this.#watch.missed} exchanges: too many were in flight at once`)
    }
    await this.#file.close()
  }

  // --- the watch's listener ----------------------------------------------------------------------

  onEnd(sending: Sending): void {
    if (this.#file.failed) return this.#watch.close()
    // The end of the run, not an exchange: it never came so far.
    if (sending.flight === null && (sending.error === null || isClosed(sending.error))) return
    const { exchange, head, connection, fate, bytesOnWire, endedAt } = sending
    const waited = Math.max(0, this.#clock.now() - sending.waitedFrom)
    const startedAt = this.#dates.text(this.#clock.date() - waited)
    const entry = sendingEntry(sending, startedAt, this.#texts, this.#name(connection))
    const isCoded = head !== null && head.contentEncoding !== '' && bytesOnWire !== 0
    if (!isCoded) this.#file.add(entryText(entry, entry.bytesOnWire, false))
    else if (fate !== 'answered') this.#file.add(entryText(entry, -1, true))
    else this.#hold(exchange, entry, endedAt)
  }

  onCall({ exchange, url, head, bytesDecoded }: CallMessage): void {
    this.#release(exchange, bytesDecoded)
    if (exchange.flight !== null || head === null || this.#file.failed) return
    const startedAt = this.#dates.text(this.#clock.date())
    const entry = cachedEntry(exchange, url, head, startedAt, this.#texts)
    this.#file.add(entryText(entry, bytesDecoded, false))
  }

  // --- private -----------------------------------------------------------------------------------

  #name(connection: WatchedConnection | null): string {
    if (connection === null) return ''
    const { client, serial } = connection
    return this.#isOneClient ? String(serial) : `${client}-${serial}`
  }

  /** Its call will tell how large the body is, once decoded; or never, where it was a revalidation behind. */
  #hold(exchange: Exchange, entry: HarEntry, endedAt: number): void {
    for (const [oldest, held] of this.#held) {
      if (held.endedAt + LIMITS.reportHold > endedAt && this.#held.size < LIMITS.maxHeldEntries) break
      this.#release(oldest, -1)
    }
    this.#held.set(exchange, { entry, endedAt })
  }

  #release(exchange: Exchange, size: number): void {
    const held = this.#held.get(exchange)
    if (held === undefined) return
    this.#held.delete(exchange)
    this.#file.add(entryText(held.entry, size, true))
  }
}

function isClosed(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_CLOSED'
}
