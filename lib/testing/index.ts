export { Random } from './random.ts'
export { SimClock, type RunOptions, type SimClockOptions } from './sim-clock.ts'
export {
  SimNetwork,
  type DialFate,
  type SimCount,
  type SimListener,
  type SimNetworkOptions,
} from './sim-network.ts'
export type { SimConditions } from './sim-pipe.ts'
export { SimSocket, type SimSocketOwner } from './sim-socket.ts'
