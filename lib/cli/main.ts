#!/usr/bin/env node
import { trawl } from './trawl.ts'

// Where `engines` was only warned of: without this it says that some function is missing.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`trawl needs Node 22.15 or later, but this is ${process.version}\n`)
  process.exitCode = 1
} else {
  process.exitCode = await trawl(process.argv.slice(2), process)
}
