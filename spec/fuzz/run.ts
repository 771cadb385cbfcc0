import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { Word, Work } from './fuzz-worker.ts'
import { readable } from './finding.ts'
import { FUZZERS, GUIDED, INSECURE } from './fuzzers.ts'

const HELP = `npm run fuzz -- [--minutes 1] [--seed N] [--only NAME] [--replay BASE64] [--path PATH]

${[...FUZZERS, INSECURE].map(({ name, what }) => `  ${name.padEnd(9)} ${what}`).join('\n')}
  guided    bytes, mutated where they reach new code`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
    replay: { type: 'string' },
    path: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
})

/** A case that takes longer hangs, and the whole run with it. */
const LONGEST_CASE = 20_000
const MOST_SHOWN = 65_536

async function replay(only: string, base64: string): Promise<void> {
  const bytes = Buffer.from(base64, 'base64')
  const found = [...FUZZERS, INSECURE, GUIDED].find(({ name }) => name === (only || 'decoder'))
  if (found === undefined || found.replay === null)
    throw new Error(`--replay needs a fuzzer whose cases are bytes, not ${only}`)
  console.log(readable(bytes))
  console.log('no finding:', await found.replay(bytes))
}

function fuzz(): void {
  const seed = Number(values.seed ?? Date.now() % 1_000_000_000)
  const progress = new SharedArrayBuffer(8 + MOST_SHOWN)
  const work: Work = { minutes: Number(values.minutes), seed, only: values.only, path: values.path, progress }
  if (![work.minutes, seed].every(Number.isFinite)) throw new Error(HELP)
  console.log(`seed ${seed}, ${work.minutes} minutes`)
  const worker = new Worker(new URL('fuzz-worker.ts', import.meta.url), { workerData: work })
  const counter = new Int32Array(progress, 0, 2)
  let last = -1
  const watch = setInterval(() => {
    const now = Atomics.load(counter, 0)
    if (now === last) {
      const bytes = Buffer.from(new Uint8Array(progress, 8, Atomics.load(counter, 1)))
      console.error(
        `FOUND a case that does not end\n${readable(bytes)}\n  base64: ${bytes.toString('base64')}`,
      )
      process.exit(1)
    }
    last = now
  }, LONGEST_CASE)
  let done = false
  worker.on('message', (word: Word) => {
    if ('line' in word) console.log(word.line)
    else if ('done' in word) done = true
    else {
      console.error(`FOUND by ${word.finding}\n\n  npm run fuzz -- ${word.replay}`)
    }
  })
  worker.on('error', (error) => console.error(error))
  worker.on('exit', () => {
    clearInterval(watch)
    process.exitCode = done ? 0 : 1
  })
}

if (values.help) console.log(HELP)
else if (values.replay === undefined) fuzz()
else await replay(values.only, values.replay)
