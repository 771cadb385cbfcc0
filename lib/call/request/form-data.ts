import { randomBytes } from '../../core/crypto.ts'
import { ArgumentError } from '../../core/errors.ts'

/** A form's parts, ready to be sent: texts as bytes, files as they are. */
export interface Multipart {
  readonly boundary: string
  readonly pieces: readonly (Uint8Array | Blob)[]
  /** Bytes in all. */
  readonly length: number
}

/**
 * Lays out a form as multipart/form-data (RFC 7578; escaping and line ends by the HTML standard,
 * "multipart/form-data encoding algorithm"). The form may change afterwards; its files are not read.
 */
export function multipart(form: FormData): Multipart {
  const boundary = `----trawl-${randomBytes(16).toString('hex')}`
  const pieces: (Uint8Array | Blob)[] = []
  let text = ''
  let length = 0
  const flush = (): void => {
    const bytes = Buffer.from(text)
    pieces.push(bytes)
    length += bytes.length
    text = ''
  }
  for (const [name, value] of form) {
    text += `--${boundary}\r\nContent-Disposition: form-data; name="${escape(lineEnds(name))}"`
    if (typeof value === 'string') {
      text += `\r\n\r\n${lineEnds(value)}\r\n`
      continue
    }
    text += headOf(value)
    flush()
    pieces.push(value)
    length += value.size
    text = '\r\n'
  }
  text += `--${boundary}--\r\n`
  flush()
  return { boundary, pieces, length }
}

/** A File has no line ends in its type; what only calls itself one may, and may say another thing the next time. */
function headOf(file: File): string {
  const { name, type } = file as { name: unknown; type: unknown }
  if (typeof name !== 'string' || typeof type !== 'string' || !/^[\u0020-\u007e]*$/.test(type)) {
    throw new ArgumentError(
      'a file in a form has a name that is no text, or a type that is none in ASCII; give a File',
    )
  }
  return `; filename="${escape(name)}"\r\nContent-Type: ${type === '' ? 'application/octet-stream' : type}\r\n\r\n`
}

function lineEnds(text: string): string {
  return text.replaceAll(/\r\n?|\n/g, '\r\n')
}

function escape(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}
