export type FileErrorCode = 'ERR_FILE' | 'ERR_FILE_EXISTS' | 'ERR_FILE_BUSY'

/** A file could not be written, read or named. `path` says which; the system's own error is the `cause`. */
export class FileError extends Error {
  readonly code: FileErrorCode
  readonly path: string

  constructor(code: FileErrorCode, path: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'FileError'
    this.code = code
    this.path = path
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; make it first',
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  EISDIR: 'it is a folder; give the path of a file',
  ENOTDIR: 'a part of its path is not a folder',
  ENOSPC: 'the disk is full; what came so far is kept',
  EDQUOT: 'the disk quota is used up; what came so far is kept',
  EFBIG: 'it is too large for this file system, or for the limit of this process',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open: raise "ulimit -n", or download fewer at once',
  ENFILE: 'the system has too many files open',
  ENAMETOOLONG: 'its name is too long for this file system',
  EIO: 'the disk reports an error',
}

/** The system's name for a failure, as ENOENT; '' where there is none. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}

/** `what` is a verb: "write". */
export function fileError(what: string, path: string, cause: unknown): FileError {
  if (cause instanceof FileError) return cause
  const reason = REASONS[systemCode(cause)] ?? (cause instanceof Error ? cause.message : String(cause))
  return new FileError('ERR_FILE', path, `cannot ${what} ${path}: ${reason}`, cause)
}

/** Faults of the machine, not of an item: they are there until somebody has seen to them. */
const LASTING: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE'])

/** Whether what failed here, a file or a dial, fails for every item: the disk is full, files are out. */
export function isLastingFault(error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    if (LASTING.has(systemCode(each))) return true
    // A dial to a host of several addresses failed at each of them.
    if (each instanceof AggregateError && each.errors.some((one) => LASTING.has(systemCode(one)))) return true
  }
  return false
}
