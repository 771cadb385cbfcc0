import { createRequire } from 'node:module'
import { PassThrough } from 'node:stream'
import { WriteStream } from 'node:tty'
import type { Terminal as TerminalType } from '@xterm/headless'
import type { ProgressStream } from '../../lib/cli/live-view.ts'

const { Terminal } = createRequire(import.meta.url)('@xterm/headless') as {
  Terminal: new (options: object) => TerminalType
}

const realTimeout = globalThis.setTimeout

/** By the environment, as real ones tell it. */
function getColorDepth(): number {
  return WriteStream.prototype.getColorDepth.call(null)
}

/** A terminal without a window: what is written to `stream` stands on its screen. */
export class Screen {
  readonly stream: ProgressStream & { columns: number; rows: number }
  /** All that was written, in pieces. */
  readonly writes: string[] = []
  readonly #terminal: TerminalType
  #taken = 0

  constructor(columns: number, rows: number) {
    // As the line discipline of a real one does.
    this.#terminal = new Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true })
    const pass = new PassThrough()
    pass.on('data', (chunk: Buffer) => {
      this.writes.push(chunk.toString())
    })
    this.stream = Object.assign(pass, { isTTY: true, columns, rows, getColorDepth })
  }

  /** The window has another size; whoever writes is told. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.lines()
    this.#terminal.resize(columns, rows)
    this.stream.columns = columns
    this.stream.rows = rows
    this.stream.emit('resize')
  }

  /** What is on the screen, to the last line that is not empty. */
  async lines(): Promise<string[]> {
    await this.#drain()
    const { active } = this.#terminal.buffer
    const texts = Array.from({ length: this.#terminal.rows }, (_, row) =>
      active.getLine(active.baseY + row)!.translateToString(true),
    )
    while (texts.at(-1) === '') texts.pop()
    return texts
  }

  /** Lines that have left the screen at its top. */
  async scrolledOff(): Promise<number> {
    await this.#drain()
    return this.#terminal.buffer.active.baseY
  }

  async cursor(): Promise<{ readonly column: number; readonly row: number }> {
    await this.#drain()
    const { cursorX, cursorY } = this.#terminal.buffer.active
    return { column: cursorX, row: cursorY }
  }

  dispose(): void {
    this.#terminal.dispose()
  }

  /** Lets the terminal take what was written. It needs a real timer, also where a spec has others. */
  async #drain(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const text = this.writes.slice(this.#taken).join('')
    this.#taken = this.writes.length
    const { setTimeout: ofSpec } = globalThis
    globalThis.setTimeout = realTimeout
    await new Promise<void>((resolve) => this.#terminal.write(text, resolve))
    globalThis.setTimeout = ofSpec
  }
}
