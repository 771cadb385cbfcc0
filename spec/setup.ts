// npm falls back to the machine's own Node when the pinned one was not installed (npm ci --ignore-scripts).
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 15)) {
  throw new Error(
    `trawl needs Node 22.15 or later, but this is ${process.version}. ` +
      'Run "npm ci" without --ignore-scripts: it installs the pinned Node that every npm script uses.',
  )
}
