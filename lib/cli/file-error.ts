import { isLastingFault } from '../jobs/file-error.ts'

export type FileErrorCode = 'ERR_FILE' | 'ERR_FILE_EXISTS'

/** A body could not be stored. `fatal`: nor will the next one, so that fetching on is of no use. */
export class FileError extends Error {
  readonly code: FileErrorCode
  readonly fatal: boolean

  constructor(code: FileErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'FileError'
    this.code = code
    this.fatal = isLastingFault(cause)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'it exists',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files: raise "ulimit -n" or lower --max-conn',
  ENFILE: 'the system has too many open files',
  ENAMETOOLONG: 'its name is too long for this file system',
  EIO: 'the disk reports an error',
}

/** The system's name for a failure, as ENOENT; '' where there is none. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}

/** Why a file operation failed, in words. */
export function reasonOf(error: unknown): string {
  return REASONS[systemCode(error)] ?? (error instanceof Error ? error.message : String(error))
}

export function existsError(path: string, cause?: unknown): FileError {
  return new FileError('ERR_FILE_EXISTS', `${path} exists and is kept; --force replaces it`, cause)
}

/** Whether the system has refused an access. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && ['EACCES', 'EPERM'].includes(systemCode(error.cause))
}
