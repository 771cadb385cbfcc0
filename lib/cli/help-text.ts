import { EXIT } from './exit-codes.ts'

/** Command lines that show what is possible. */
export const EXAMPLES: readonly string[] = [
  'trawl get https://example.com/ > page.html',
  'trawl get --input urls.txt --output-dir pages --report report.jsonl',
  'trawl get --input urls.txt --output-dir pages --job job --retry 5',
  'cat urls.txt | trawl get --input - --output-dir pages -L --rate-per-host 2/s',
  'trawl get -L -b cookies.txt -c cookies.txt -u joe:secret https://example.com/',
]

/** What the exit codes mean; a spec sees that all are here. */
export const EXIT_MEANINGS: ReadonlyMap<number, string> = new Map<number, string>([
  [EXIT.ok, 'all fetched'],
  [EXIT.other, 'other'],
  [EXIT.usage, 'usage'],
  [EXIT.file, 'file'],
  [EXIT.network, 'network'],
  [EXIT.tls, 'TLS'],
  [EXIT.auth, 'authentication (401, 407)'],
  [EXIT.protocol, 'protocol'],
  [EXIT.status, 'error status, redirects that are not followed included'],
  [EXIT.checksum, 'a body has another checksum than was asked for'],
  [EXIT.timeLimit, 'ended by --max-total-time'],
  [EXIT.failureLimit, 'ended by --max-failures'],
  [EXIT.hungUp, 'the terminal has gone'],
  [EXIT.interrupted, 'interrupted (Ctrl-C)'],
  [EXIT.terminated, 'terminated (SIGTERM)'],
])

/** After the flags of `trawl get --help`. */
export const GET_HELP: string = `
Examples:
${EXAMPLES.map((line) => `  ${line}`).join('\n')}

An answer other than 2xx counts as failed and is not stored.
A file is named after its URL, host/path/name, and appears when it is whole.
Ctrl-C finishes what is under way, a second one aborts it; files, report and
cookies stay.

Exit code, as wget's; the lowest but 0 wins:
  0 all fetched  1 other  2 usage  3 file  4 network  5 TLS  6 authentication
  7 protocol  8 error status, redirects included  9 checksum  130 interrupted
  10 --max-total-time  13 --max-failures

docs/command.md tells more, and where curl does otherwise.
`

/** After those of `trawl completion --help`. */
export const COMPLETION_HELP: string = `
For this shell, or in its start-up file:
  bash  source <(trawl completion bash)
  zsh   source <(trawl completion zsh)
  fish  trawl completion fish | source
`
