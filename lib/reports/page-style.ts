/** How a page looks: dark and light, narrow and on paper. Colours that are told apart by those who see fewer. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--soft:#57606a;--line:#d0d7de;--tile:#f6f8fa;
--ok:#0a7ea4;--warn:#e69f00;--bad:#c4320a;--calm:#56b4e9;--deep:#005f87;--other:#8c959f;--life:#e3e8ee;--dial:#b9a3d6;--wait:#a8d3ea}
@media (prefers-color-scheme:dark){:root{--back:#14181d;--text:#e6edf3;--soft:#9aa4af;--line:#373e47;--tile:#1d232a;
--ok:#3fb1d6;--warn:#f0b429;--bad:#ff7b54;--calm:#7cc4ee;--deep:#b4e2f7;--other:#7d8590;--life:#262d35;--dial:#8a70b5;--wait:#2d6f8f}}
@media print{:root{color-scheme:light;--back:#fff;--text:#000;--soft:#444;--line:#bbb;--tile:#fff;
--ok:#0a7ea4;--warn:#e69f00;--bad:#c4320a;--calm:#56b4e9;--deep:#005f87;--other:#8c959f;--life:#e3e8ee;--dial:#b9a3d6;--wait:#a8d3ea}
figure,tr,.tiles{break-inside:avoid}summary{display:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px 20px;max-width:1100px;background:var(--back);color:var(--text);font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.2em 0;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:1.6em 0 .4em;border-bottom:1px solid var(--line)}
p{margin:.3em 0;overflow-wrap:anywhere}.note,caption,summary,footer{color:var(--soft);font-size:.87rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:8px;margin:12px 0;padding:0}
.tiles div{background:var(--tile);border:1px solid var(--line);border-radius:6px;padding:6px 10px}
.tiles dt{color:var(--soft);font-size:.8rem}.tiles dd{margin:0;font-size:1.15rem;font-variant-numeric:tabular-nums}
.tiles dd small{display:block;font-size:.78rem;color:var(--soft)}
.stopped{border-left:4px solid var(--bad);padding-left:8px}
figure{margin:14px 0 4px}figcaption{font-weight:600}svg{display:block;width:100%;height:auto}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:2px 0;padding:0;font-size:.82rem;color:var(--soft)}
.key{display:inline-block;width:11px;height:11px;margin-right:5px;vertical-align:-1px}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.85rem;margin:6px 0}caption{text-align:left}
th,td{text-align:left;padding:3px 8px;border-bottom:1px solid var(--line);vertical-align:top;font-weight:400;overflow-wrap:anywhere}
tbody th{min-width:11em}
thead th{font-weight:600;white-space:nowrap}.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}th button::after{content:" \\2195";color:var(--soft)}
th[aria-sort=ascending] button::after{content:" \\2191"}th[aria-sort=descending] button::after{content:" \\2193"}
button:focus-visible,summary:focus-visible{outline:2px solid var(--ok)}
text{font:11px system-ui,sans-serif;fill:var(--soft)}.name{fill:var(--text)}
.start{text-anchor:start}.middle{text-anchor:middle}.end{text-anchor:end}
.grid{stroke:var(--line);stroke-width:1}.whisker{stroke:var(--soft);stroke-width:1}.line{fill:none;stroke-width:1.8}
.ok,.s2{fill:var(--ok)}.s3,.bytes{fill:var(--calm)}.warn,.s4,.refused{fill:var(--warn)}.bad,.s5,.failed,.pmax{fill:var(--bad)}
.none,.s6{fill:var(--other)}.s1{fill:var(--deep)}.p50,.body{fill:var(--ok)}.p90{fill:var(--warn)}
.life{fill:var(--life)}.dial{fill:var(--dial)}.sent{fill:var(--wait)}.retry{fill:var(--calm)}
.l1{stroke:var(--bad);fill:var(--bad)}.l2{stroke:var(--ok);fill:var(--ok)}.l3{stroke:var(--warn);fill:var(--warn)}.l4{stroke:var(--other);fill:var(--other)}
.line.l1,.line.l2,.line.l3,.line.l4{fill:none}
#tip{position:fixed;z-index:1;max-width:420px;padding:4px 8px;border-radius:4px;background:var(--text);color:var(--back);
font-size:.8rem;pointer-events:none;overflow-wrap:anywhere}
`

/** What it does where scripts run: tables are sorted, and what is pointed at says at once what it is. */
export const PAGE_SCRIPT = `
'use strict'
for (const table of document.querySelectorAll('table[data-sortable]')) {
  const heads = [...table.tHead.rows[0].cells]
  heads.forEach((head, column) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.append(...head.childNodes)
    head.append(button)
    button.addEventListener('click', () => {
      const isNumber = head.classList.contains('number')
      const before = head.getAttribute('aria-sort')
      const down = before === null ? isNumber : before === 'ascending'
      for (const other of heads) other.removeAttribute('aria-sort')
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
      const keyOf = (row) => {
        const cell = row.cells[column]
        if (!isNumber) return cell.textContent
        const value = cell.dataset.value
        return value === undefined || value === '' ? null : Number(value)
      }
      const compare = (a, b) => {
        const last = ('last' in a.dataset) - ('last' in b.dataset)
        if (last !== 0) return last
        const [x, y] = [keyOf(a), keyOf(b)]
        if (x === null || y === null) return (x === null) - (y === null)
        const order = isNumber ? x - y : x < y ? -1 : x > y ? 1 : 0
        return down ? -order : order
      }
      const body = table.tBodies[0]
      body.append(...[...body.rows].sort(compare))
    })
  })
}
const tip = document.createElement('div')
tip.id = 'tip'
tip.hidden = true
tip.setAttribute('aria-hidden', 'true')
document.body.append(tip)
document.addEventListener('pointermove', (event) => {
  const shape = event.target instanceof SVGElement ? event.target : null
  const title = shape?.querySelector(':scope > title')
  if (title) {
    shape.dataset.tip = title.textContent
    title.remove()
  }
  const text = shape?.dataset.tip ?? ''
  tip.hidden = text === ''
  if (tip.hidden) return
  tip.textContent = text
  const left = Math.min(event.clientX + 12, window.innerWidth - tip.offsetWidth - 8)
  const below = event.clientY + 16
  const top = below + tip.offsetHeight > window.innerHeight ? event.clientY - tip.offsetHeight - 8 : below
  tip.style.left = Math.max(0, left) + 'px'
  tip.style.top = top + 'px'
})
`
