// Makes the pictures of a page in the docs from a real run. Run it with:
// node --import ./spec/pinned-node.mjs spec/servers/page-screenshot.ts
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Script } from '../script.ts'
import { Chromium } from './chromium.ts'
import { runWithPage, startSite } from './page-run.ts'

const HELP = `Works off some thousand URLs of an nginx on loopback and takes pictures of the page about it.

  --items N      URLs; default 30000
  --out FOLDER   default docs/images
  --page FILE    keeps the page itself, too
`

const script = new Script(HELP)
const { values } = script.read({
  options: {
    items: { type: 'string', default: '30000' },
    out: { type: 'string', default: join(import.meta.dirname, '../../docs/images') },
    page: { type: 'string', default: '' },
  },
})
const items = script.whole('items', values.items, 1, 100_000)

const folder = mkdtempSync(join(tmpdir(), 'trawl-page-'))
const path = values.page === '' ? join(folder, 'page.html') : values.page
const nginx = await startSite()
const chromium = Chromium.start()
try {
  await runWithPage(nginx, path, items)
  const page = await chromium.open()
  await page.resize(1_000, 1_540)
  await page.show('screen', 'light')
  await page.goto(pathToFileURL(path).href)
  mkdirSync(values.out, { recursive: true })
  await take('html-report.png')
  await page.resize(1_000, 960)
  await page.evaluate(`document.querySelector('#connections-and-pipelines').scrollIntoView()`)
  await take('html-report-connections.png')

  async function take(name: string): Promise<void> {
    const picture = await page.screenshot()
    writeFileSync(join(values.out, name), picture)
    console.log(`${name}: ${picture.length} bytes`)
  }
} finally {
  await chromium.stop()
  await nginx.stop()
  rmSync(folder, { recursive: true, force: true })
}
