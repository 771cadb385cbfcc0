/** The URL that a text means, or what is wrong with it, with the remedy. Without its fragment, which is not sent. */
export function parseItemUrl(text: string): URL | string {
  if (!/^https?:/iu.test(text)) {
    const shown = quoted(text)
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//iu.exec(text)?.[1]
    if (scheme !== undefined) return `${shown}: the scheme ${scheme} is not supported; use http or https`
    return `${shown} is not a URL; write the scheme too, as in http://example.com/`
  }
  // URL parsers drop these and join what is around them: an old Mac's list would be one URL.
  if (/[\t\r\n]/u.test(text)) return `${quoted(text)} has a tab or a line end inside; put one URL on a line`
  if (text.includes('\uFFFD'))
    return `${quoted(text)} is not UTF-8; save the list as UTF-8, or write %XX for its bytes`
  const url = URL.parse(text)
  if (url === null) return `${quoted(text)} is not a valid URL; check its host and port`
  if (text.includes('#')) url.hash = ''
  return url
}

function quoted(text: string): string {
  return JSON.stringify(showUrlText(text))
}

/** As it was sent, for messages and reports. Passwords have no place there. */
export function withoutCredentials(url: URL): string {
  if (url.username === '' && url.password === '') return url.href
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href
}

const MAX_SHOWN = 200

/** A text that is no URL, for messages and reports: not too long, and without a password. */
export function showUrlText(text: string): string {
  // Of what is no URL nobody knows where a password ends: all before the last @ may be it.
  const isUrl = URL.canParse(text, 'http://localhost')
  const [start, at] = [text.indexOf('//'), text.lastIndexOf('@')]
  const blanked = start === -1 || at < start ? text : `${text.slice(0, start)}//***${text.slice(at)}`
  const shown = isUrl ? text.replace(/\/\/[^/\\?#]*@/u, '//***@') : blanked
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}...` : shown
}
