/** Node.js opens its debugger's port on a SIGUSR1 that nobody listens to, unless it was started otherwise. */
const SIGNAL = 'SIGUSR1'

/**
 * Has `print` called on each SIGUSR1. Returns what ends that; the signal is then ignored: without any
 * listener the next one would end the process. Windows has no such signal.
 */
export function onStatisticsSignal(print: () => void): () => void {
  if (process.platform === 'win32') return () => undefined
  process.on(SIGNAL, print)
  // Before the last listener goes: one that comes late must not end a run that is being summed up.
  if (!process.listeners(SIGNAL).includes(ignore)) process.on(SIGNAL, ignore)
  return () => void process.off(SIGNAL, print)
}

function ignore(): void {
  // That is all.
}
