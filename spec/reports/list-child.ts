import { systemClock } from '../../lib/core/clock.ts'
import { JsonListFile } from '../../lib/reports/json-list-file.ts'

/** Writes 400,000 bytes of entries into the file it is given, and says what was noted. */
const notes: string[] = []
const file = await JsonListFile.open(process.argv[2]!, {
  name: 'list',
  opening: '{"entries":[',
  closing: ']}',
  goesOn: false,
  clock: systemClock,
  note: (text) => notes.push(text),
})
for (let i = 0; i < 40; i++) {
  file.add(JSON.stringify('x'.repeat(9_998)))
  // One write at a time: each has its turn.
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}
await file.close()
console.log(JSON.stringify({ failed: file.failed, notes }))
