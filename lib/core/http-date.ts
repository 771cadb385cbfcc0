const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** Sun, 06 Nov 1994 08:49:37 GMT */
const FIXDATE = /^[a-z]{3}, (\d\d) ([a-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) gmt$/i
/** Sunday, 06-Nov-94 08:49:37 GMT */
const RFC_850 = /^[a-z]{6,9}, (\d\d)-([a-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) gmt$/i
/** Sun Nov  6 08:49:37 1994 */
const ASCTIME = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/i

/**
 * The three forms of a date in HTTP (RFC 9110 section 5.6.7), in ms since 1970; NaN for anything else.
 * Not by `Date.parse`, which takes a great deal for a date: "3 apples" is a day in March.
 *
 * @param now ms since 1970: a year of two digits is never more than 50 years ahead of it
 */
export function parseHttpDate(text: string, now: number): number {
  const fixed = FIXDATE.exec(text)
  if (fixed !== null) return dateOf(Number(fixed[3]), fixed[2]!, fixed[1]!, fixed, 4)
  const old = RFC_850.exec(text)
  if (old !== null) {
    const thisYear = new Date(now).getUTCFullYear()
    let year = Math.floor(thisYear / 100) * 100 + Number(old[3])
    if (year > thisYear + 50) year -= 100
    return dateOf(year, old[2]!, old[1]!, old, 4)
  }
  const asctime = ASCTIME.exec(text)
  if (asctime !== null) return dateOf(Number(asctime[6]), asctime[1]!, asctime[2]!, asctime, 3)
  return NaN
}

/** The time of day stands in three groups from `at` on. */
function dateOf(year: number, monthName: string, day: string, match: RegExpExecArray, at: number): number {
  const month = MONTHS.indexOf(monthName.toLowerCase())
  const [hour, minute, second] = [match[at], match[at + 1], match[at + 2]].map(Number) as [
    number,
    number,
    number,
  ]
  // A leap second is the one 60 that there is.
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return NaN
  const date = Date.UTC(year, month, Number(day), hour, minute, second)
  // 31 February is no day, and Date.UTC goes on into March.
  return new Date(Date.UTC(year, month, Number(day))).getUTCMonth() === month ? date : NaN
}
