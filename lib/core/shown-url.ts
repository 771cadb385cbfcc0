const MAX_SHOWN = 200

/**
 * A URL, or what should be one, for a message: bounded, and without user and password. Of what is none nobody
 * knows where a password ends: all before the last @ may be it.
 */
export function shownUrl(given: string): string {
  // As the URL parser does.
  const text = given.replace(/[\t\r\n]/g, '')
  const start = /^[^a-z/\\]*(?:[a-z][a-z\d+.-]*:)?[/\\]*/i.exec(text)![0]
  // Without a scheme or two slashes there is no place for a user.
  if (!start.includes(':') && !/[/\\]{2}$/.test(start)) return cut(text)
  const rest = text.slice(start.length)
  const isUrl = URL.canParse(text, 'http://localhost')
  const length = isUrl ? rest.search(/[/\\?#]/) : -1
  const at = rest.slice(0, length === -1 ? rest.length : length).lastIndexOf('@')
  return cut(at === -1 ? text : `${start}${isUrl ? '' : '\u2026@'}${rest.slice(at + 1)}`)
}

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text
}
