/** Mutants that no spec can tell from the original, or that none should: why, and which. */
interface Equivalence {
  readonly why: string
  readonly mutants: readonly (readonly [file: string, line: string, from: string, to: string])[]
}

export const EQUIVALENT: readonly Equivalence[] = []
