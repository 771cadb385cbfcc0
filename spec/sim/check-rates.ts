import { LIMITS } from '../../lib/index.ts'
import type { World } from './world.ts'
import type { Read } from './write-tap.ts'

/** What was read beyond the rates, the burst, and one read of each connection. */
export function checkRates({ tap, caps, options, stages }: World): string[] {
  const wrong: string[] = []
  const { totalRate, targetRate } = caps
  const readSize = sizeOf(Math.min(totalRate, targetRate))
  const judge = (reads: readonly Read[], rate: number, connections: number, what: string): void => {
    if (rate === Infinity) return
    const most = (rate * LIMITS.downloadBurst) / 1000 + (connections + 1) * readSize
    const excess = excessOf(reads, rate)
    if (excess > most) wrong.push(`${what}: ${excess} bytes more than ${rate} a second, at most ${most}`)
  }
  judge(tap.reads, totalRate, options.maxConn, 'in all')
  for (const [target, reads] of Map.groupBy(tap.reads, (read) => read.target)) {
    const most = Math.max(options.maxConnPerTarget, ...stages.maxConnOf.values())
    if (target !== '') judge(reads, targetRate, most, target)
  }
  return wrong
}

/** As of a bucket that leaks at this rate: the most that was ever in it. */
function excessOf(reads: readonly Read[], rate: number): number {
  let level = 0
  let most = 0
  let last = 0
  for (const { at, bytes } of reads) {
    level = Math.max(0, level - ((at - last) * rate) / 1000) + bytes
    last = at
    most = Math.max(most, level)
  }
  return most
}

function sizeOf(rate: number): number {
  return Math.min(Math.max(Math.ceil(rate / LIMITS.readsPerSecond), LIMITS.minReadSize), LIMITS.readBuffer)
}
