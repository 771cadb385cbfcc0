/** Characters that a terminal obeys instead of showing them, and those that turn the line around. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const OBEYED = /[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/gu

const MAX_READABLE = 500

/**
 * A text for a terminal or a log. Reasons, locations and names come from servers, which may send
 * escape sequences in them: these are shown, as `\x1b`, and no text is longer than a few lines.
 */
export function readable(text: string): string {
  const cut = text.length > MAX_READABLE ? `${text.slice(0, MAX_READABLE)}...` : text
  return cut.replace(OBEYED, (char) => {
    const code = char.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}
