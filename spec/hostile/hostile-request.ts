/** One request as the server got it. */
export interface HostileRequest {
  readonly method: string
  readonly path: string
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Which connection it came on, counted from 1. */
  readonly connection: number
  /** Its number on that connection, counted from 1. */
  readonly number: number
  /** How often this method and path have come so far, this one included. */
  readonly times: number
  /** Of the body as far as it has come: all of it once `done`. */
  readonly bodyLength: number
  readonly bodyCrc: number
  readonly done: boolean
}
