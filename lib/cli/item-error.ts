/** What an item of the list says cannot be done. It is wrong with this item alone. */
export class ItemError extends Error {
  readonly code = 'ERR_ITEM' as const

  constructor(message: string) {
    super(message)
    this.name = 'ItemError'
  }
}
