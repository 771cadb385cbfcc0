import { LIMITS } from '../core/limits.ts'

/** A row of slices that never overlap: viewers show those that do wrongly, or not at all. Times are ms. */
export interface TraceRow {
  readonly tid: number
  isBusy: boolean
  /** When its last slice ended. */
  freeAt: number
}

/** The rows of one connection at a time: one for itself, one for each exchange in flight. */
export class TracePlace {
  readonly row: TraceRow
  readonly #number: number
  readonly #target: TraceTarget
  readonly #slots: TraceRow[] = []

  constructor(target: TraceTarget, number: number) {
    this.#target = target
    this.#number = number
    this.row = target.addRow(`#${number} connection`)
  }

  /** The first row that is free, taken. */
  takeSlot(): TraceRow {
    let slot = this.#slots.find(({ isBusy }) => !isBusy)
    if (slot === undefined) {
      slot = this.#target.addRow(`#${this.#number} in flight ${this.#slots.length + 1}`)
      this.#slots.push(slot)
    }
    slot.isBusy = true
    return slot
  }

  /** Its connection is gone: the next may have it. */
  free(now: number): void {
    this.row.isBusy = false
    for (const slot of this.#slots) {
      slot.isBusy = false
      slot.freeAt = now
    }
  }
}

/** The rows of one target. */
export class TraceTarget {
  readonly pid: number
  readonly #nextTid: () => number
  readonly #write: (text: string) => void
  readonly #places: TracePlace[] = []
  #rows = 0
  /** The row of those that wait, and when each lane of it is free again. */
  readonly #waitRow: TraceRow
  readonly #lanes: number[] = []

  /** `write` is given whole events. */
  constructor(pid: number, name: string, nextTid: () => number, write: (text: string) => void) {
    this.pid = pid
    this.#nextTid = nextTid
    this.#write = write
    write(processText(pid, name))
    this.#waitRow = this.addRow('waiting')
  }

  get waitTid(): number {
    return this.#waitRow.tid
  }

  addRow(name: string): TraceRow {
    const tid = this.#nextTid()
    this.#write(rowText(this.pid, tid, name, this.#rows++))
    return { tid, isBusy: false, freeAt: 0 }
  }

  /** The first place that is free, taken. */
  takePlace(): TracePlace {
    let place = this.#places.find(({ row }) => !row.isBusy)
    if (place === undefined) {
      place = new TracePlace(this, this.#places.length + 1)
      this.#places.push(place)
    }
    place.row.isBusy = true
    return place
  }

  /** The lane that a wait of this time is shown on; -1: too many wait at once. */
  takeLane(from: number, to: number): number {
    const lanes = this.#lanes
    let lane = 0
    while (lane < lanes.length && lanes[lane]! > from) lane++
    if (lane >= LIMITS.maxTraceWaits) return -1
    lanes[lane] = to
    return lane
  }
}

/** The name of a process, which is a target here, and its place among the others. */
export function processText(pid: number, name: string): string {
  const start = `{"ph":"M","pid":${pid},"tid":0,"name":`
  return (
    `${start}"process_name","args":{"name":${JSON.stringify(name)}}},\n` +
    `${start}"process_sort_index","args":{"sort_index":${pid}}}`
  )
}

function rowText(pid: number, tid: number, name: string, index: number): string {
  const start = `{"ph":"M","pid":${pid},"tid":${tid},"name":`
  return (
    `${start}"thread_name","args":{"name":${JSON.stringify(name)}}},\n` +
    `${start}"thread_sort_index","args":{"sort_index":${index}}}`
  )
}
