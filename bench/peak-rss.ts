import { readFileSync } from 'node:fs'

/**
 * MB, the most that this process ever held. `process.resourceUsage().maxRSS` starts, on Linux, with what the process held
 * that started this one: 118 MB for a socket and a buffer.
 */
export function peakRss(): number {
  if (process.platform !== 'linux') return (process.resourceUsage().maxRSS * 1_024) / 1e6
  const status = readFileSync('/proc/self/status', 'latin1')
  return (Number(/^VmHWM:\s*(\d+) kB/m.exec(status)![1]) * 1_024) / 1e6
}
