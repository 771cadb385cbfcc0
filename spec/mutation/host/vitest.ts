// What specs import as 'vitest' in a mutation run: its own `expect`, and cases that can be run again and again in
// one warm process. To start a worker for each mutant, as vitest does, takes a hundred times as long.
export { assert, expect } from 'vitest'
export { describe, it, it as test } from './cases.ts'
