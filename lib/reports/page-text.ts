/** Characters that turn a line around, or that a reader does not see. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSEEN = /[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu
const SPECIAL = /[&<>"'`=]/gu

/**
 * A text for a page, between tags or in a quoted attribute. URLs, messages and names come from servers and lists:
 * none of them is ever a tag, ends an attribute or turns its line around.
 */
export function escape(text: string): string {
  return text
    .replace(UNSEEN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(SPECIAL, (char) => `&#${char.charCodeAt(0)};`)
}

/** `1,234,567`. */
export function countText(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',')
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `512 B`, `1.5 KiB`, `120 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]!}`
}

/** `0.12 ms`, `34 ms`, `1.2 s`, `3 min 07 s`, `2 h 05 min`; a dash where it is not known. */
export function msText(ms: number): string {
  if (Number.isNaN(ms)) return '–'
  if (ms < 9.95) return `${ms.toFixed(ms < 0.995 ? 2 : 1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_950 ? 2 : 1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`
  return `${Math.floor(seconds / 3_600)} h ${two(Math.floor((seconds % 3_600) / 60))} min`
}

/** `0.05`, `0.5`, `12.3`, `1,234`. */
export function rateText(value: number): string {
  if (value >= 99.95) return countText(value)
  return value > 0 && value < 0.95 ? value.toPrecision(2) : String(Math.round(value * 10) / 10)
}

/** `12 %`, `0.5 %`; never `0 %` for some, nor `100 %` for less than all. */
export function shareText(part: number, whole: number): string {
  if (whole === 0) return '–'
  const percent = (part * 100) / whole
  if (percent === 0 || percent === 100) return `${percent} %`
  const isFine = percent < 9.95 || percent > 99
  return `${isFine ? Math.min(99.9, Math.max(0.1, percent)).toFixed(1) : Math.round(percent)} %`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
