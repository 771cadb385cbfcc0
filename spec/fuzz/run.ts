import { Worker } from 'node:worker_threads'
import { Script } from '../script.ts'
import type { Word, Work } from './fuzz-worker.ts'
import { readable } from './finding.ts'
import { FUZZERS, GUIDED, INSECURE } from './fuzzers.ts'

const ALL = [...FUZZERS, INSECURE, GUIDED]

const script = new Script(`npm run fuzz -- [--minutes 1] [--seed N] [--only NAME]

  --replay BASE64   with --only: one case that a finding has printed
  --path PATH       with --only and --seed: the same, where a case has no bytes

What there is, all of which but "${INSECURE.name}" run by default:
${ALL.map(({ name, what }) => `  ${name.padEnd(9)} ${what}`).join('\n')}`)

const { values } = script.read({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    only: { type: 'string', default: '' },
    replay: { type: 'string' },
    path: { type: 'string', default: '' },
  },
})
if (values.only !== '' && !ALL.some(({ name }) => name === values.only))
  script.refuse(`--only ${values.only}: there is no such fuzzer`)

/** A case that takes longer hangs, and the whole run with it. */
const LONGEST_CASE = 20_000
const MOST_SHOWN = 65_536

async function replay(only: string, base64: string): Promise<void> {
  const bytes = Buffer.from(base64, 'base64')
  const found = ALL.find(({ name }) => name === (only || 'decoder'))
  if (found === undefined || found.replay === null)
    return script.refuse(`--replay needs a fuzzer whose cases are bytes, not ${only}`)
  console.log(readable(bytes))
  console.log('no finding:', await found.replay(bytes))
}

function fuzz(): void {
  const { only, path } = values
  const minutes = script.number('minutes', values.minutes, 0.001, 24 * 60)
  const seed = script.whole('seed', values.seed, -(2 ** 31), 2 ** 31 - 1)
  const progress = new SharedArrayBuffer(8 + MOST_SHOWN)
  const work: Work = { minutes, seed, only, path, progress }
  console.log(`seed ${seed}, ${minutes} minutes`)
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

if (values.replay === undefined) fuzz()
else await replay(values.only, values.replay)
