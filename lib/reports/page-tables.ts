import { escape } from './page-text.ts'

/** A text, or a number with the text that stands for it; `last`: its row stays below the others. */
export type Cell = string | { readonly value: number; readonly text: string }

export interface TableRow {
  readonly cells: readonly Cell[]
  /** It stays below the others however they are sorted. */
  readonly isLast?: boolean
}

/** A table that can be sorted by each column where scripts run. Columns of numbers are those whose name begins with `#`. */
export function table(
  id: string,
  caption: string,
  columns: readonly string[],
  rows: readonly TableRow[],
): string {
  const heads = columns.map((name) => {
    const isNumber = name.startsWith('#')
    return `<th scope="col"${isNumber ? ' class="number"' : ''}>${escape(isNumber ? name.slice(1) : name)}</th>`
  })
  const body = rows.map(({ cells, isLast }) => {
    const texts = cells.map((cell, i) => cellText(cell, i === 0))
    return `<tr${isLast === true ? ' data-last=""' : ''}>${texts.join('')}</tr>`
  })
  return (
    `<div class="wide"><table id="${id}" data-sortable=""><caption>${escape(caption)}</caption>` +
    `<thead><tr>${heads.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`
  )
}

/** The table beside a plot: closed, because the plot says the same. */
export function folded(summary: string, content: string): string {
  return `<details><summary>${escape(summary)}</summary>${content}</details>`
}

export function number(value: number, text: string): Cell {
  return { value, text }
}

function cellText(cell: Cell, isHead: boolean): string {
  if (typeof cell === 'string') {
    return isHead ? `<th scope="row">${escape(cell)}</th>` : `<td>${escape(cell)}</td>`
  }
  const value = Number.isNaN(cell.value) ? '' : String(Math.round(cell.value * 1000) / 1000)
  const tag = isHead ? 'th' : 'td'
  return `<${tag}${isHead ? ' scope="row"' : ''} class="number" data-value="${value}">${escape(cell.text)}</${tag}>`
}
