/** What one client IP has to do. Shared by all its pools. */
export class IpLoad {
  /** Exchanges that wait or are in flight. */
  exchanges = 0
  pools = 0
}

/** The load of each client IP that has a pool. */
export class IpLoads {
  readonly #loads = new Map<string, IpLoad>()

  of(clientIp: string): number {
    return this.#loads.get(clientIp)?.exchanges ?? 0
  }

  /** For a pool of this client IP, which is to `leave` when it goes. */
  enter(clientIp: string): IpLoad {
    let load = this.#loads.get(clientIp)
    if (load === undefined) {
      load = new IpLoad()
      this.#loads.set(clientIp, load)
    }
    load.pools++
    return load
  }

  leave(clientIp: string): void {
    const load = this.#loads.get(clientIp)
    if (load !== undefined && --load.pools === 0) this.#loads.delete(clientIp)
  }
}
