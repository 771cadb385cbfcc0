import type { HostLine } from './host-line.ts'

/** A scheme, host and port, and how many of its items may be under way. */
export class Origin {
  readonly name: string
  readonly host: string
  /** Items of it that may be under way at once. */
  readonly most: number
  /** Those that are. */
  inside = 0
  /** Of its items that were started one after the other, each when the one before was done. */
  inRow = 0
  /** Its server has refused for now: nothing of it starts, and what is under way waits. */
  paused = false
  /** By priority; nearly always one. */
  readonly lines: HostLine[] = []

  constructor(name: string, host: string, most: number) {
    this.name = name
    this.host = host
    this.most = most
  }

  get hasRoom(): boolean {
    return !this.paused && this.inside < this.most
  }

  get isIdle(): boolean {
    return this.inside === 0 && !this.paused && this.lines.length === 0
  }
}
