import { SqliteStore } from '../../lib/cache/sqlite-store.ts'
import { storedResponse } from './made-response.ts'
import { bodyFor } from './numbered-body.ts'

/** A process that writes entries `from` to `to` into a cache file: by name, body and number they belong together. */
const [path = '', name = '', from = '0', to = '0'] = process.argv.slice(2)

const store = new SqliteStore(path)
process.stdout.write('open\n')
for (let i = Number(from); i < Number(to); i++) {
  store.set(`${name}${i % 50}`, storedResponse({ statusText: `${name} ${i}`, body: bodyFor(name, i) }))
  store.get(`${name}${(i * 7) % 50}`)
  if (i % 20 === 19) process.stdout.write(`${i}\n`)
}
store.close()
process.stdout.write('done\n')
