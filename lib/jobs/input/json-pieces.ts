const QUOTE = 34
const BACKSLASH = 92
const CLOSING_BRACE = 125

/**
 * Where the first of a string or the end of an object comes to, outside of strings: behind the next quote or
 * closing brace, or at the end of the text.
 */
export function structureEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE || code === CLOSING_BRACE) return at + 1
  }
  return text.length
}

/** Behind the next closing brace, be it one in a string, or at the end of the text. */
export function braceEnd(text: string, from: number): number {
  const at = text.indexOf('}', from)
  return at === -1 ? text.length : at + 1
}

/** The quote that ends a string, where `from` is in it and not behind a backslash; -1 where it is not there yet. */
export function closingQuote(text: string, from: number): number {
  let start = from
  for (let at = text.indexOf('"', start); at !== -1; at = text.indexOf('"', start)) {
    if (!isEscaped(text, start, at)) return at
    start = at + 1
  }
  return -1
}

/** Whether what stands at `at` of a string is behind an odd number of backslashes, seen from `from` on. */
export function isEscaped(text: string, from: number, at: number): boolean {
  let start = at
  while (start > from && text.charCodeAt(start - 1) === BACKSLASH) start--
  return (at - start) % 2 === 1
}
