import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { CLI_LIMITS } from './limits.ts'

/**
 * Keeps V8's space for young objects from growing beyond `CLI_LIMITS.youngSpace`: it would take 110 MB in a run of a
 * million URLs, of which next to nothing is in use. V8 asks for the factor each time that it thinks of growing; the space's own limit can
 * only be given to `node` itself. Returns what ends the watch.
 */
export function holdYoungSpace(): () => void {
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
    if (young === undefined || young.space_size < CLI_LIMITS.youngSpace) return
    setFlagsFromString('--semi-space-growth-factor=1')
    clearInterval(timer)
  }, CLI_LIMITS.youngSpaceInterval)
  timer.unref()
  return () => clearInterval(timer)
}
