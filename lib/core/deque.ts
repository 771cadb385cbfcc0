/** What an item must carry to stand in a `Deque`: its place. It stands in one deque at most. */
export interface DequeItem<T> {
  previous: T | null
  next: T | null
  /** The deque it stands in. */
  deque: object | null
}

/**
 * A double-ended queue whose items carry their own links: taking one out of the middle, as
 * cancelling does, costs no more than taking the first, and nothing is allocated.
 */
export class Deque<T extends DequeItem<T>> {
  first: T | null = null
  last: T | null = null
  size = 0

  push(item: T): void {
    item.deque = this
    item.previous = this.last
    item.next = null
    if (this.last === null) this.first = item
    else this.last.next = item
    this.last = item
    this.size++
  }

  unshift(item: T): void {
    item.deque = this
    item.next = this.first
    item.previous = null
    if (this.first === null) this.last = item
    else this.first.previous = item
    this.first = item
    this.size++
  }

  shift(): T | null {
    const item = this.first
    if (item !== null) this.remove(item)
    return item
  }

  /** Takes `item` out. Does nothing when it does not stand in this deque. */
  remove(item: T): boolean {
    if (item.deque !== this) return false
    if (item.previous === null) this.first = item.next
    else item.previous.next = item.next
    if (item.next === null) this.last = item.previous
    else item.next.previous = item.previous
    item.previous = null
    item.next = null
    item.deque = null
    this.size--
    return true
  }
}
