import { FileError } from './file-error.ts'
import type { FileName } from './file-names.ts'

/** The file that a list names for a body, below the output folder. Throws FileError: a list is not trusted to leave it. */
export function outNameOf(out: string): FileName {
  const parts = out.split(/[/\\]/u).filter((part) => part !== '' && part !== '.')
  const name = parts.pop()
  const isOutside = /^(?:[/\\]|[A-Za-z]:)/u.test(out) || name === '..' || parts.includes('..')
  if (name !== undefined && !isOutside && !out.includes('\0')) return { folders: parts, name }
  const shown = JSON.stringify(out.slice(0, 200))
  throw new FileError(
    'ERR_FILE',
    `out ${shown} is no path below --output-dir; give a relative one, without ".."`,
  )
}
