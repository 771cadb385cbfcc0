/** Dates as ISO 8601 has them, to the millisecond. Those of a busy run are of few seconds: each is made once. */
export class IsoDates {
  #second = NaN
  /** All but the milliseconds. */
  #text = ''

  /** `time`: ms since 1970. */
  text(time: number): string {
    const ms = Math.floor(time)
    const second = Math.floor(ms / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#text = new Date(second * 1000).toISOString().slice(0, -4)
    }
    const rest = ms - second * 1000
    return `${this.#text}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`
  }
}
