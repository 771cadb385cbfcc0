const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/**
 * The three forms of RFC 9110 section 5.6.7, read as forgivingly as browsers do: case, blanks, dashes
 * and the comma do not matter. Any zone but GMT would change the time, and is no HTTP date.
 */
const DAY_FIRST =
  /^[a-z]+,? *(\d{1,2})[ -]+(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[ -]+(\d{4}|\d\d) +(\d{1,2}):(\d\d):(\d\d) +(?:gmt|utc)$/i
const ASCTIME =
  /^[a-z]+ +(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec) +(\d{1,2}) +(\d{1,2}):(\d\d):(\d\d) +(\d{4})$/i

/** A two-digit year that would lie more than 50 years ahead is one of the last century. */
const PIVOT_YEARS = 50

/** Milliseconds since 1970; NaN when `text` is no HTTP date. `now` tells the century of two-digit years. */
export function parseHttpDate(text: string, now: number): number {
  const dayFirst = DAY_FIRST.exec(text)
  if (dayFirst !== null) return utc(fullYear(dayFirst[3]!, now), dayFirst[2]!, dayFirst[1]!, dayFirst, 4)
  const asctime = ASCTIME.exec(text)
  return asctime === null ? NaN : utc(Number(asctime[6]), asctime[1]!, asctime[2]!, asctime, 3)
}

export function formatHttpDate(time: number): string {
  return new Date(time).toUTCString()
}

function fullYear(text: string, now: number): number {
  if (text.length === 4) return Number(text)
  const current = new Date(now).getUTCFullYear()
  const year = current - (current % 100) + Number(text)
  return year > current + PIVOT_YEARS ? year - 100 : year
}

/** `at`: where in `match` hours, minutes and seconds stand. */
function utc(year: number, monthName: string, dayText: string, match: RegExpExecArray, at: number): number {
  const [hours, minutes, seconds] = [Number(match[at]), Number(match[at + 1]), Number(match[at + 2])]
  const month = MONTHS.indexOf(monthName.toLowerCase())
  const day = Number(dayText)
  // A day that the month does not have would roll over into the next one. 60 is a leap second.
  const isDay = new Date(Date.UTC(year, month, day)).getUTCDate() === day
  if (!isDay || hours > 23 || minutes > 59 || seconds > 60) return NaN
  return Date.UTC(year, month, day, hours, minutes, seconds)
}
