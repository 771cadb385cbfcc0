import type { ParsedRequest } from '../sim/request-parser.ts'

/** One request as the server got it. */
export interface HostileRequest extends Readonly<ParsedRequest> {
  /** Which connection it came on, counted from 1. */
  readonly connection: number
  /** Its number on that connection, counted from 1. */
  readonly number: number
  /** How often this method and path have come so far, this one included. */
  readonly times: number
}
