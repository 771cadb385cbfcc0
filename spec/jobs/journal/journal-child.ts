import { systemClock } from '../../../lib/core/clock.ts'
import { FileError } from '../../../lib/jobs/file-error.ts'
import { Journal } from '../../../lib/jobs/journal/journal.ts'

/**
 * Works on a folder's journal in a process of its own, and says each step on stdout. `add`: finishes items from the
 * first unfinished one on, without an end. `hold`: has the folder until it is killed. `fill`: adds items until that
 * fails, and goes on at each line on stdin until one more was added.
 */
const [mode, dir = ''] = process.argv.slice(2)

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

const note = (text: string): void => say(`note ${text}`)
const journal = await Journal.open(dir, { fsync: true, clock: systemClock, note })
journal.startRun({ pid: process.pid })
say(`open ${journal.counts.ok}`)

const lineOf = (n: number): string => JSON.stringify({ n, text: 'x'.repeat(n % 500) })

if (mode === 'add') {
  for (let n = journal.counts.ok; ; n++) {
    if (!journal.add(journal.makeKey(String(n)), true, lineOf(n))) throw new Error(`${n} was finished`)
    say(`added ${n}`)
    if (n % 10 === 0) await new Promise(setImmediate)
  }
}
if (mode === 'hold') setInterval(() => undefined, 1_000)
if (mode === 'fill') {
  let n = 0
  const fill = (): void => {
    try {
      for (; n < 1_000; n++) journal.add(journal.makeKey(String(n)), true, lineOf(n))
      say('all')
    } catch (error) {
      say(error instanceof FileError ? `failed at ${n}: ${error.message}` : String(error))
    }
  }
  fill()
  process.stdin.on('data', fill)
  process.stdin.on('end', () => void journal.close().then(() => say('closed')))
}
