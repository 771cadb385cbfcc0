import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from './program.ts'
import { logged, ServerProcess } from './server-process.ts'

/** A line of the access log. */
export interface LighttpdEntry {
  /** The client's port: one for each connection. */
  readonly connection: string
  readonly status: number
  readonly path: string
}

export const lighttpdProgram: Program = {
  name: 'lighttpd',
  files: ['lighttpd'],
  packages: 'lighttpd lighttpd-mod-deflate',
  variable: 'LIGHTTPD',
}

/** A real lighttpd on loopback. */
export class Lighttpd {
  readonly #process: ServerProcess

  private constructor(process: ServerProcess) {
    this.#process = process
  }

  /** Starts it on a free port; `configure` gives what it serves, and writes its files. */
  static async start(configure: (folder: string) => string): Promise<Lighttpd> {
    return new Lighttpd(
      await ServerProcess.start({
        program: lighttpdProgram,
        ports: 1,
        configure: (folder, ports) => {
          const path = join(folder, 'lighttpd.conf')
          writeFileSync(path, baseConfig(folder, ports[0]!) + configure(folder))
          return ['-D', '-f', path]
        },
      }),
    )
  }

  get port(): number {
    return this.#process.ports[0]!
  }

  /** The `count` entries that match, once they are there; what there is after 10 s. */
  logged(count: number, matches: (entry: LighttpdEntry) => boolean): Promise<readonly LighttpdEntry[]> {
    const path = join(this.#process.folder, 'access.log')
    return logged(count, () => {
      // It keeps lines back for 4 s, unless it is to open its log anew.
      this.#process.signal('SIGHUP')
      const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
      return lines.map(readEntry).filter((entry) => matches(entry))
    })
  }

  /** Ends it and takes its folder away. */
  stop(): Promise<void> {
    return this.#process.stop()
  }
}

function baseConfig(folder: string, port: number): string {
  return `
server.modules = ("mod_accesslog", "mod_alias", "mod_cgi", "mod_deflate")
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${folder}"
server.upload-dirs = ("${folder}")
server.errorlog = "${folder}/error.log"
accesslog.filename = "${folder}/access.log"
accesslog.format = "%{remote}p %s %r"
mimetype.assign = (".txt" => "text/plain", "" => "application/octet-stream")
`
}

function readEntry(line: string): LighttpdEntry {
  const [connection, status, , path] = line.split(' ')
  return { connection: connection!, status: Number(status), path: path! }
}
