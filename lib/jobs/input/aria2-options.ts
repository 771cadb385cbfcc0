import { LIMITS } from '../../core/limits.ts'
import { parseChecksum } from '../checksum.ts'
import type { InputItem, JobItem } from '../job-item.ts'
import { trimBlanks } from './line-items.ts'
import type { Notes } from './notes.ts'

/** A name of letters, digits and dashes, then `=`: no URL begins like that. */
const OPTION = /^[ \t]+([a-z][a-z0-9-]*)[ \t]*=/iu
/** Those that aria2 knows and we do; it knows 100 more. */
const SINGLE = new Set(['out', 'dir', 'checksum', 'referer', 'user-agent'])

/** Whether a line that begins with a blank is an option, and not a URL that someone has indented. */
export function isOptionLine(raw: string): boolean {
  return OPTION.test(raw)
}

/** The options of one item of aria2's input file ("Input File" in its manual). */
export class Aria2Options {
  readonly #notes: Notes
  /** As in aria2, the last one of a name counts. */
  readonly #values = new Map<string, string>()
  readonly #headers: string[] = []
  #size = 0
  #problem = ''

  constructor(notes: Notes) {
    this.#notes = notes
  }

  add(raw: string): void {
    if (raw.length > LIMITS.maxInputLine) {
      this.#problem = `an option is longer than ${LIMITS.maxInputLine} characters; make it shorter`
      return
    }
    this.#size += raw.length
    if (this.#size > LIMITS.maxInputItem) {
      this.#problem = `its options are longer than ${LIMITS.maxInputItem} characters; give it fewer`
      return
    }
    const at = raw.indexOf('=')
    const name = trimBlanks(raw.slice(0, at))
    const value = trimBlanks(raw.slice(at + 1))
    if (name === 'header') this.#headers.push(value)
    else if (SINGLE.has(name)) this.#values.set(name, value)
    else this.#notes.once(`aria2 ${name}`, `the option ${name} of aria2's input file is ignored`)
  }

  /** The item that these are the options of, whose URLs are separated by TABs. */
  itemOf(open: InputItem): InputItem {
    const { line } = open
    const [url, ...mirrors] = open.url
      .split('\t')
      .map(trimBlanks)
      .filter((part) => part !== '') as [string, ...string[]]
    const headers = this.#headersFor(url)
    const checksum = this.#values.get('checksum') ?? ''
    if (checksum !== '' && this.#problem === '') {
      const parsed = parseChecksum(checksum)
      if (typeof parsed === 'string') this.#problem = parsed
    }
    if (this.#problem !== '') return { url, line, item: null, problem: this.#problem }
    const out = this.#outOf(url)
    const item: JobItem = {
      url,
      ...(mirrors.length > 0 ? { mirrors } : null),
      ...(headers !== null ? { headers } : null),
      ...(out !== '' ? { out } : null),
      ...(checksum !== '' ? { checksum } : null),
    }
    return { url, line, item: Object.keys(item).length === 1 ? null : item, problem: '' }
  }

  #headersFor(url: string): Record<string, string[]> | null {
    const headers = new Map<string, [name: string, ...values: string[]]>()
    for (const line of this.#headers) {
      const at = line.indexOf(':')
      const name = trimBlanks(line.slice(0, at))
      if (at === -1 || name === '') {
        this.#problem = `the header ${JSON.stringify(line.slice(0, 100))} has no name; write it as in Name: value`
        return null
      }
      const known = headers.get(name.toLowerCase())
      const value = trimBlanks(line.slice(at + 1))
      if (known === undefined) headers.set(name.toLowerCase(), [name, value])
      else known.push(value)
    }
    const referer = this.#values.get('referer') ?? ''
    const agent = this.#values.get('user-agent') ?? ''
    // As in aria2, a field given with `header` is instead of that of an option. `*`: the URL itself.
    if (referer !== '' && !headers.has('referer'))
      headers.set('referer', ['Referer', referer === '*' ? url : referer])
    if (agent !== '' && !headers.has('user-agent')) headers.set('user-agent', ['User-Agent', agent])
    if (headers.size === 0) return null
    return Object.fromEntries([...headers.values()].map(([name, ...values]) => [name, values]))
  }

  /** As in aria2: a folder without a name is given the name at the end of the URL. */
  #outOf(url: string): string {
    const out = this.#values.get('out') ?? ''
    const folder = this.#values.get('dir') ?? ''
    if (folder === '') return out
    return `${folder.replace(/\/$/u, '')}/${out === '' ? nameOf(url) : out}`
  }
}

function nameOf(url: string): string {
  const path = URL.parse(url)?.pathname ?? ''
  const last = path.slice(path.lastIndexOf('/') + 1)
  if (last === '') return 'index.html'
  try {
    const name = decodeURIComponent(last)
    // Such a name could be a path, or no name at all.
    // oxlint-disable-next-line no-control-regex
    return /[/\\\u0000-\u001f\u007f]|^\.{1,2}$/u.test(name) ? last : name
  } catch {
    return last
  }
}
