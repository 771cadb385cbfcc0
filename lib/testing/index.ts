/**
 * trawl/testing: a clock and a network that are simulated, for specs of what uses a client.
 *
 *     const clock = new SimClock({ seed: 1 })
 *     const network = new SimNetwork({ clock, conditions: { latency: [1, 30], split: 0.5 } })
 *     network.listen('a.test', 80, { onConnection: (socket) => server(socket) })
 *     const client = new Client({ clock, network })
 *     const response = await clock.settle(client.get('http://a.test/'))
 *
 * Nothing waits for real time, and the same seeds give the same run.
 */

export { Random } from './random.ts'
export { SimClock, type RunOptions, type SimClockOptions } from './sim-clock.ts'
export type { LookupFate, SimDelay, SimHost } from './sim-hosts.ts'
export {
  SimNetwork,
  type DialFate,
  type SimCount,
  type SimListener,
  type SimNetworkOptions,
} from './sim-network.ts'
export type { SimConditions } from './sim-pipe.ts'
export { SimSocket, type SimSocketOwner } from './sim-socket.ts'
