import { EXIT, type ExitCode } from './exit-codes.ts'

/** What a signal asks of a run. */
export interface Interruptible {
  /** Starts nothing new; what is under way goes on. */
  finish(exitCode: ExitCode): void
  /** Ends what is under way, too. */
  abort(exitCode: ExitCode): void
}

/**
 * The first Ctrl-C finishes, the second aborts, a third has the system's own effect. SIGTERM and
 * SIGHUP abort at once: who sends them waits only so long. Returns what takes the handlers away.
 */
export function onInterrupts(run: Interruptible): () => void {
  let interrupts = 0
  const onInt = (): void => {
    interrupts++
    if (interrupts === 1) run.finish(EXIT.interrupted)
    else abort(EXIT.interrupted)
  }
  const onTerm = (): void => abort(EXIT.terminated)
  const onHup = (): void => abort(EXIT.hungUp)
  const remove = (): void => {
    process.off('SIGINT', onInt)
    process.off('SIGTERM', onTerm)
    process.off('SIGHUP', onHup)
  }
  const abort = (exitCode: ExitCode): void => {
    remove()
    run.abort(exitCode)
  }
  process.on('SIGINT', onInt)
  process.on('SIGTERM', onTerm)
  process.on('SIGHUP', onHup)
  return remove
}
