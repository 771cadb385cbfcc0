import { workerData, parentPort } from 'node:worker_threads'
import { World } from '../world.ts'
import { NEXT, STOP, type Message, type Shared } from './crew.ts'

// One core's share of the seeds: takes the next one until there are none left.

const { state, index, last } = workerData as Shared

for (;;) {
  const seed = Atomics.add(state, NEXT, 1)
  if (seed > last || Atomics.load(state, STOP) === 1) break
  Atomics.store(state, index, seed)
  const world = new World(seed)
  const wrong = await world.run()
  const message: Message = { seed, wrong }
  parentPort?.postMessage(message)
}
