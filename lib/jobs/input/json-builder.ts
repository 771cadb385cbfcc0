import { LIMITS } from '../../core/limits.ts'

/** Strings, objects without a prototype, and arrays of these. */
export type JsonTree = string | readonly JsonTree[] | { readonly [key: string]: JsonTree | undefined }

type Container = JsonTree[] | Record<string, JsonTree>

/** About what an empty container takes, as characters. */
const CONTAINER_COST = 32

/** Builds one object from the tokens of a parser. Keeps no more than `maxInputItem` characters, and no value but strings. */
export class JsonBuilder {
  readonly root: Record<string, JsonTree> = emptyObject()
  /** From the root to the container that is open. Empty when the root is closed. */
  readonly #open: Container[] = [this.root]
  #text = ''
  #size = 0

  get isClosed(): boolean {
    return this.#open.length === 0
  }

  get isTooLarge(): boolean {
    return this.#size > LIMITS.maxInputItem
  }

  open(isArray: boolean, key: string): void {
    const container = isArray ? [] : emptyObject()
    this.#add(key, container, CONTAINER_COST)
    this.#open.push(container)
  }

  close(): void {
    this.#open.pop()
  }

  addText(part: string): void {
    this.#size += part.length
    if (!this.isTooLarge) this.#text += part
  }

  endText(key: string): void {
    this.#add(key, this.#text, 0)
    this.#text = ''
  }

  #add(key: string, value: JsonTree, cost: number): void {
    this.#size += key.length + cost
    if (this.isTooLarge) return
    const parent = this.#open.at(-1)!
    if (Array.isArray(parent)) parent.push(value)
    else parent[key] = value
  }
}

function emptyObject(): Record<string, JsonTree> {
  return Object.create(null) as Record<string, JsonTree>
}
