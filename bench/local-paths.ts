import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The project, temporary files, and Node, where they lie here. */
const FOLDERS = [join(import.meta.dirname, '..'), tmpdir(), dirname(process.execPath)]

/** What a failure says, without where things lie on this machine: a report is for others to read. */
export function withoutLocalPaths(text: string, folders: readonly string[] = FOLDERS): string {
  // The longest first: one may lie in another one.
  const longestFirst = folders.toSorted((a, b) => b.length - a.length)
  return longestFirst.reduce(
    (left, folder) =>
      left.replaceAll(`file://${folder}/`, '').replaceAll(`${folder}/`, '').replaceAll(folder, '.'),
    text,
  )
}
