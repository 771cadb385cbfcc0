/** Numbers as people read them, in English and without a locale's surprises. */

/** `1,234,567`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',')
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** `512 B`, `1.5 KiB`, `120 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`
  let value = bytes / 1024
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${value < 99.95 ? value.toFixed(1) : String(Math.round(value))} ${UNITS[unit]!}`
}

/** `0.8 s`, `12 s`, `3:07`, `2:00:09`, `4d 03:00`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours}:${two(minutes % 60)}:${two(seconds % 60)}`
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}:${two(minutes % 60)}`
}

/** `0.4 ms`, `12 ms`, `1.2 s`, `3:07`. */
export function formatTime(ms: number): string {
  if (ms >= 999.5) return formatDuration(ms)
  return `${ms < 9.95 ? ms.toFixed(1) : String(Math.round(ms))} ms`
}

/** `once`, `2 times`. */
export function formatTimes(count: number): string {
  return count === 1 ? 'once' : `${formatCount(count)} times`
}

/** `0.5`, `12.3`, `1,234`. */
export function formatRate(perSecond: number): string {
  return perSecond < 99.95 ? perSecond.toFixed(1) : formatCount(perSecond)
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
