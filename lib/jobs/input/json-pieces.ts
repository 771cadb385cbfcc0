const QUOTE = '"'
const BRACE = '}'
const BACKSLASH = 92

/**
 * Where the next piece of JSON ends that can complete an object: after the string that `inString` says it begins
 * in, else after the next `}`. A parser that throws gives nothing of what it was fed in that call; so what stands
 * before a fault is got in every split.
 */
export function pieceEnd(text: string, from: number, inString: boolean): number {
  if (!inString) {
    const brace = text.indexOf(BRACE, from)
    return brace === -1 ? text.length : brace + 1
  }
  for (let at = text.indexOf(QUOTE, from); at !== -1; at = text.indexOf(QUOTE, at + 1)) {
    if (!isEscaped(text, at, from)) return at + 1
  }
  return text.length
}

/** By an odd number of backslashes. Those before `from` are not seen, and then the piece is but shorter. */
function isEscaped(text: string, at: number, from: number): boolean {
  let start = at
  while (start > from && text.charCodeAt(start - 1) === BACKSLASH) start--
  return (at - start) % 2 === 1
}
