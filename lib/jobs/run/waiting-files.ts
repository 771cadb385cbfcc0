import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const NAME = 'waiting-'

/** A file of a job's folder for items that memory has no room for. */
export function waitingFile(dir: string, number: number): string {
  return join(dir, NAME + number)
}

/** Takes away what a killed run has left. */
export function removeWaitingFiles(dir: string): void {
  for (const name of readdirSync(dir)) if (name.startsWith(NAME)) rmSync(join(dir, name), { force: true })
}
