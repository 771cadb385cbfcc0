import { isNode, lineOf, type Source, walk } from './source.ts'

/** A part of a pattern. `set`: the characters it begins with; for a character, those that it is. */
type Part =
  | { readonly kind: 'char'; readonly set: Chars }
  | { readonly kind: 'edge'; readonly isStart: boolean }
  | { readonly kind: 'group'; readonly paths: readonly Term[][]; readonly isLook: boolean }

interface Term {
  readonly part: Part
  readonly min: number
  /** Infinity: as often as it likes. */
  readonly max: number
}

/** A character of each code up to 383, and some above. */
type Chars = ReadonlySet<string>

const SAMPLE: readonly string[] = [
  ...Array.from({ length: 384 }, (_, code) => String.fromCharCode(code)),
  '\u2028',
  '\u20ac',
  '\ufeff',
  '\uffff',
]
/** `{2,}` and the like. Up to so many times counts as bounded. */
const FEW = 64

/** Why a pattern may take longer than its text is long; '' where it may not. */
export function slownessOf(pattern: string, flags: string): string {
  const paths = new PatternReader(pattern, flags).read()
  for (const path of paths) {
    const why = ofPath(path, true) || (flags.includes('y') ? '' : ofSearch(path))
    if (why !== '') return why
  }
  return ''
}

/** Each pattern of a file that may be slow, as `path: /pattern/ why`; and each that is made at run time. */
export function checkPatterns(source: Source): string[] {
  const found: string[] = []
  const look = (at: number, what: string): void =>
    void found.push(`${source.path}:${lineOf(source.text, at)} ${what}`)
  for (const statement of source.body) {
    walk(statement, (node) => {
      const regex = node['regex'] as { pattern: string; flags: string } | undefined
      if (node.type === 'Literal' && regex !== undefined && regex !== null) {
        const why = slownessOf(regex.pattern, regex.flags)
        if (why !== '') look(node.start, `/${regex.pattern}/ ${why}`)
      }
      const callee = node['callee']
      if (/^(New|Call)Expression$/.test(node.type) && isNode(callee) && callee['name'] === 'RegExp') {
        look(node.start, 'new RegExp is made at run time')
      }
    })
  }
  return found
}

// --- what is slow --------------------------------------------------------------------------------

/**
 * Ways to share the same text out among parts: every one of them is tried before the pattern fails. `isLast`: nothing
 * that could fail comes behind this path.
 */
function ofPath(path: readonly Term[], isLast: boolean): string {
  for (const [i, term] of path.entries()) {
    const inner = term.part.kind === 'group' ? term.part.paths : []
    for (const one of inner) {
      const isEnd = isLast && term.max === 1 && path.slice(i + 1).every((after) => after.min === 0)
      const why = ofPath(one, isEnd)
      if (why !== '') return why
    }
    if (term.max > FEW) {
      if (inner.some((one) => one.some(isOpen))) return 'repeats what repeats itself'
      if (inner.some((one, a) => inner.some((other, b) => a < b && overlap(firstOf(one), firstOf(other))))) {
        return 'repeats a choice whose branches begin alike'
      }
    }
    if (!isOpen(term)) continue
    for (const [n, next] of path.entries()) {
      if (n <= i) continue
      const isAlike = overlap(lastOf([term]), firstOf([next]))
      const mayFail = !isLast || path.slice(n + 1).some((after) => after.min > 0)
      if (isOpen(next) && isAlike && mayFail) return 'repeats the same characters side by side'
      // What cannot be left out, and is none of them, parts the two.
      if (next.min > 0 && !isAlike && next.part.kind !== 'edge') break
    }
  }
  return ''
}

/** Whether it is looked for at every place, each time up to the end of the text. */
function ofSearch(path: readonly Term[]): string {
  if (path[0]?.part.kind === 'edge' && path[0].part.isStart) return ''
  const first = firstOf(path)
  for (const [i, term] of path.entries()) {
    if (!isOpen(term) || !overlap(charsOf(term), first)) continue
    const mayFail = path.slice(i + 1).some((next) => next.min > 0)
    if (mayFail) return 'begins at each place and may run to the end from there'
  }
  return ''
}

function isOpen({ part, max }: Term): boolean {
  if (max > FEW) return true
  return part.kind === 'group' && part.paths.some((path) => path.some(isOpen))
}

function overlap(one: Chars, other: Chars): boolean {
  for (const char of one) if (other.has(char)) return true
  return false
}

/** What it may begin with: all parts that may come first. */
function firstOf(path: readonly Term[]): Chars {
  const first = new Set<string>()
  for (const { part, min } of path) {
    if (part.kind === 'char') for (const char of part.set) first.add(char)
    if (part.kind === 'group' && !part.isLook) {
      for (const one of part.paths) for (const char of firstOf(one)) first.add(char)
    }
    if (min > 0 && part.kind === 'char') break
    if (
      min > 0 &&
      part.kind === 'group' &&
      !part.isLook &&
      part.paths.every((one) => one.some((t) => t.min > 0))
    )
      break
  }
  return first
}

/** What it may end with. */
function lastOf(path: readonly Term[]): Chars {
  const last = new Set<string>()
  for (const { part, min } of path.toReversed()) {
    const inner = part.kind === 'group' && !part.isLook ? part.paths : []
    if (part.kind === 'char') for (const char of part.set) last.add(char)
    for (const one of inner) for (const char of lastOf(one)) last.add(char)
    if (
      min > 0 &&
      (part.kind === 'char' || (inner.length > 0 && inner.every((one) => one.some((t) => t.min > 0))))
    )
      break
  }
  return last
}

/** All characters that it may take. */
function charsOf({ part }: Term): Chars {
  if (part.kind === 'char') return part.set
  if (part.kind === 'edge' || part.isLook) return new Set()
  return new Set(part.paths.flat().flatMap((term) => [...charsOf(term)]))
}

// --- reading a pattern ---------------------------------------------------------------------------

class PatternReader {
  readonly #text: string
  readonly #flags: string
  #at = 0

  constructor(text: string, flags: string) {
    this.#text = text
    this.#flags = flags.replaceAll(/[dgy]/g, '')
  }

  read(): Term[][] {
    const paths: Term[][] = [[]]
    while (this.#at < this.#text.length && this.#text[this.#at] !== ')') {
      if (this.#take('|')) paths.push([])
      else paths.at(-1)!.push(this.#term())
    }
    return paths
  }

  #term(): Term {
    const part = this.#part()
    const [all, low = '', comma = '', high = ''] =
      /^\{(\d+)(,?)(\d*)\}/.exec(this.#text.slice(this.#at)) ?? []
    let [min, max] = [1, 1]
    if (this.#take('*')) [min, max] = [0, Infinity]
    else if (this.#take('+')) [min, max] = [1, Infinity]
    else if (this.#take('?')) [min, max] = [0, 1]
    else if (all !== undefined) {
      this.#at += all.length
      min = Number(low)
      max = comma === '' ? min : high === '' ? Infinity : Number(high)
    }
    this.#take('?')
    return { part, min, max }
  }

  #part(): Part {
    if (this.#take('^')) return { kind: 'edge', isStart: !this.#flags.includes('m') }
    if (this.#take('$') || this.#take('\\b') || this.#take('\\B')) return { kind: 'edge', isStart: false }
    if (this.#take('(')) return this.#group()
    const atom =
      /^(?:\[(?:\\[^]|[^\]\\])*\]|\\u\{[\da-f]+\}|\\u[\da-f]{4}|\\x[\da-f]{2}|\\p\{[^}]*\}|\\[^]|[^])/i.exec(
        this.#text.slice(this.#at),
      )![0]
    this.#at += atom.length
    // A reference to a group may be anything.
    const one = /^\\[1-9k]/.test(atom) ? null : new RegExp(`^${atom}$`, this.#flags.replaceAll('m', ''))
    return { kind: 'char', set: new Set(SAMPLE.filter((char) => one === null || one.test(char))) }
  }

  #group(): Part {
    const [opening] = /^(?:\?(?:[:=!]|<[=!]|<\w+>))?/.exec(this.#text.slice(this.#at))!
    this.#at += opening.length
    const paths = this.read()
    if (!this.#take(')')) throw new Error(`/${this.#text}/ has a group without an end`)
    return { kind: 'group', paths, isLook: /[=!]$/.test(opening) }
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }
}
