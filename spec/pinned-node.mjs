// Plain JavaScript, so that an old Node can say what is wrong with it. npm falls back to the machine's own when the
// pinned one was not installed (npm ci --ignore-scripts). Types are stripped from 22.18 on.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `trawl's sources need Node 22.18 or later, but this is ${process.version}. ` +
      'Run "npm ci" without --ignore-scripts: it installs the pinned Node that every npm script uses.',
  )
  process.exit(1)
}
