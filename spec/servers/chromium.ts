import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { findProgram, type Program } from './program.ts'

export const chromiumProgram: Program = {
  name: 'Chromium',
  files: ['chromium', 'chromium-browser', 'google-chrome'],
  packages: 'chromium',
  variable: 'CHROMIUM',
}

/** What Chromium is told: no window, nothing of its own on the network, and no name leads anywhere. */
const FLAGS = [
  '--headless',
  '--remote-debugging-pipe',
  '--no-first-run',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-extensions',
  '--disable-sync',
  '--disable-default-apps',
  '--disable-component-update',
  '--disable-background-networking',
  '--disable-domain-reliability',
  '--no-pings',
  '--hide-scrollbars',
  '--no-proxy-server',
  '--force-color-profile=srgb',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]
const ANSWER_TIMEOUT = 60_000

type Params = Readonly<Record<string, unknown>>

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

interface Waiter {
  resolve(result: Record<string, unknown>): void
  reject(error: Error): void
}

/** A real Chromium without a window, told what to do over a pipe in the DevTools protocol. */
export class Chromium {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #waiters = new Map<number, Waiter>()
  readonly #listeners: ((message: Message) => void)[] = []
  #id = 0
  #gathered = ''

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child
    this.#folder = folder
    const input = child.stdio[4] as Readable
    input.setEncoding('utf8')
    input.on('data', (text: string) => this.#onData(text))
    child.on('exit', (code) => this.#fail(new Error(`Chromium ended with ${code}`)))
  }

  static start(): Chromium {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-chromium-'))
    // Its sandbox does not run as root, as which CI runs; the pages are our own.
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const child = spawn(findProgram(chromiumProgram)!, [...FLAGS, ...sandbox, `--user-data-dir=${folder}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    return new Chromium(child, folder)
  }

  async open(): Promise<Page> {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(this, String(sessionId))
    this.#listeners.push((message) => page.onMessage(message))
    for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await page.call(`${domain}.enable`)
    return page
  }

  call(method: string, params: Params = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#id
    const text = JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })
    ;(this.#child.stdio[3] as Writable).write(`${text}\0`)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Chromium does not answer ${method}`)), ANSWER_TIMEOUT)
      this.#waiters.set(id, {
        resolve: (result) => {
          clearTimeout(timer)
          resolve(result)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
    })
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await exited
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #onData(text: string): void {
    const parts = (this.#gathered + text).split('\0')
    this.#gathered = parts.pop()!
    for (const part of parts) this.#onMessage(JSON.parse(part) as Message)
  }

  #onMessage(message: Message): void {
    if (message.id === undefined) {
      for (const listen of this.#listeners) listen(message)
      return
    }
    const waiter = this.#waiters.get(message.id)
    this.#waiters.delete(message.id)
    if (message.error === undefined) waiter?.resolve(message.result ?? {})
    else waiter?.reject(new Error(message.error.message))
  }

  #fail(error: Error): void {
    for (const waiter of this.#waiters.values()) waiter.reject(error)
    this.#waiters.clear()
  }
}

/** One tab, and what was seen of it. */
export class Page {
  /** URLs that it asked for. */
  readonly requests: string[] = []
  /** Whatever it or the browser complained of: exceptions, refused policies, console messages. */
  readonly complaints: string[] = []
  readonly #chromium: Chromium
  readonly #session: string
  #onLoad: () => void = () => {}

  constructor(chromium: Chromium, session: string) {
    this.#chromium = chromium
    this.#session = session
  }

  call(method: string, params: Params = {}): Promise<Record<string, unknown>> {
    return this.#chromium.call(method, params, this.#session)
  }

  onMessage({ method, params = {} }: Message): void {
    if (method === 'Network.requestWillBeSent') {
      this.requests.push((params['request'] as { url: string }).url)
    } else if (method === 'Page.loadEventFired') this.#onLoad()
    else if (
      method === 'Log.entryAdded' ||
      /^Runtime\.(exceptionThrown|consoleAPICalled)$/.test(method ?? '')
    ) {
      this.complaints.push(JSON.stringify(params))
    }
  }

  /** Resolves when it is loaded. */
  async goto(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.#onLoad = resolve
    })
    await this.call('Page.navigate', { url })
    await loaded
  }

  /** What a script gives, as JSON. It is the debugger's: the page's policy does not keep it from running. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value: T }).value
  }

  async resize(width: number, height: number): Promise<void> {
    await this.call('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    })
  }

  /** `media`: 'screen' or 'print'. */
  async show(media: string, scheme: 'light' | 'dark'): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.call('Emulation.setEmulatedMedia', { media, features })
  }

  /** Points at the middle of the first element, and clicks it if asked. */
  async point(selector: string, click = false): Promise<void> {
    const at = await this.evaluate<{ x: number; y: number }>(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)})
      element.scrollIntoView({ block: 'center' })
      const { x, y, width, height } = element.getBoundingClientRect()
      return { x: x + width / 2, y: y + height / 2 }
    })()`)
    await this.call('Input.dispatchMouseEvent', { type: 'mouseMoved', ...at })
    if (!click) return
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.call('Input.dispatchMouseEvent', { type, ...at, button: 'left', clickCount: 1 })
    }
  }

  /** A PNG of the part that is seen. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.call('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(String(data), 'base64')
  }
}
