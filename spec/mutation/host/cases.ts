import { format } from 'node:util'

/** One `it`, with the names of what it stands in. */
export interface Case {
  readonly name: string
  readonly body: () => unknown
}

export const cases: Case[] = []
const around: string[] = []
const names = new Map<string, number>()

type Body = (...values: never[]) => unknown
type Declare = (name: string, body: Body, timeout?: number) => void

/** Names that occur twice are numbered: what runs a case asks for it by name. */
function addCase(name: string, body: () => unknown): void {
  const whole = [...around, name].join(' > ')
  const before = names.get(whole) ?? 0
  names.set(whole, before + 1)
  cases.push({ name: before === 0 ? whole : `${whole} (${before + 1})`, body })
}

function inside(name: string, body: () => unknown): void {
  around.push(name)
  if (body() instanceof Promise) throw new Error(`describe ${name} is asynchronous: give it before its cases`)
  around.pop()
}

/** `each` spreads a row that is an array, `for` does not. */
function rows(declare: typeof addCase, spreads: boolean) {
  return (table: Iterable<unknown>) =>
    (name: string, body: (...values: unknown[]) => unknown): void => {
      for (const row of table) {
        const values = Array.isArray(row) ? (row as unknown[]) : [row]
        declare(format(name, ...values), () => (spreads ? body(...values) : body(row)))
      }
    }
}

function declaring(declare: typeof addCase) {
  const plain = ((name, body) => declare(name, body)) as Declare
  return Object.assign(plain, {
    each: rows(declare, true),
    for: rows(declare, false),
    skipIf: (condition: boolean) => (condition ? (): void => {} : plain),
  })
}

export const it: ReturnType<typeof declaring> = declaring(addCase)
export const describe: ReturnType<typeof declaring> = declaring(inside)
