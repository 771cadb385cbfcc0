import { HOST_KEYS } from './config-keys.ts'
import type { ArgumentModel, CommandModel, FlagModel } from './command-model.ts'
import { EXAMPLES, EXIT_MEANINGS } from './help-text.ts'

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  [
    'http_proxy, https_proxy, all_proxy',
    'Proxies, where -x is not given; also in capitals, but for HTTP_PROXY.',
  ],
  ['no_proxy', 'Hosts that are asked without proxy, with commas between; * for all.'],
]

/** The manual page, in the man(7) macros. */
export function manPage(program: CommandModel, version: string): string {
  const { name, commands, description } = program
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    '.SH NAME',
    `${name} \\- ${text(withoutStop(description))}`,
    '.SH SYNOPSIS',
    ...synopsis(program).flatMap((line, i) => (i === 0 ? [line] : ['.br', line])),
    '.SH DESCRIPTION',
    text('An answer other than 2xx counts as failed and is not stored.'),
    text('A file is named after its URL, host/path/name, and appears when it is whole.'),
    '.PP',
    text(
      'Ctrl-C finishes what is under way, a second one aborts it; files, report, cookies and journal stay.',
    ),
    '.SH OPTIONS',
    ...program.flags.flatMap(flagLines),
    ...commands
      .filter(({ name: each }) => each !== 'help')
      .flatMap((command) => commandSection(name, command)),
    ...configSection(),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([names, meaning]) => ['.TP', bold(names), text(meaning)]),
    '.SH EXAMPLES',
    '.nf',
    ...EXAMPLES.map(text),
    '.fi',
    '.SH EXIT STATUS',
    text('As of wget. Where several apply, it is the lowest but 0.'),
    ...[...EXIT_MEANINGS].flatMap(([code, meaning]) => [
      '.TP 5',
      bold(String(code)),
      text(`${capital(meaning)}.`),
    ]),
    '.SH SEE ALSO',
    '.BR curl (1),',
    '.BR wget (1)',
    '',
  ].join('\n')
}

function synopsis({ name, commands }: CommandModel): string[] {
  return commands
    .filter((command) => command.name !== 'help')
    .map((command) => {
      const options = command.flags.length > 1 ? ' [\\fIoptions\\fR]' : ''
      return `\\fB${text(name)} ${text(command.name)}\\fR${options}${command.arguments.map(argument).join('')}`
    })
}

function argument({ placeholder, choices }: ArgumentModel): string {
  if (choices.length > 0) return ` ${choices.map((each) => `\\fB${text(each)}\\fR`).join('|')}`
  const name = `\\fI${text(placeholder.slice(1, -1))}\\fR`
  return placeholder.startsWith('[') ? ` [${name}]` : ` ${name}`
}

function commandSection(program: string, command: CommandModel): string[] {
  const lines = [`.SH "${program.toUpperCase()} ${command.name.toUpperCase()}"`, text(command.description)]
  let group = ''
  for (const flag of command.flags) {
    if (flag.group !== group) lines.push(`.SS "${text(flag.group)}"`)
    group = flag.group
    lines.push(...flagLines(flag))
  }
  return lines
}

function flagLines(flag: FlagModel): string[] {
  const { short, long, placeholder, description, choices, defaultValue } = flag
  const value = placeholder === '' ? '' : ` \\fI${text(placeholder.slice(1, -1))}\\fR`
  const names = [short, long].filter((name) => name !== '').map((name) => `\\fB${text(name)}\\fR`)
  const facts = [
    capital(description),
    ...(choices.length === 0 ? [] : [`one of ${choices.join(', ')}`]),
    ...(defaultValue === '' ? [] : [`default: ${defaultValue}`]),
  ]
  return ['.TP', names.join(', ') + value, `${text(facts.join('; '))}.`]
}

function configSection(): string[] {
  return [
    '.SH "CONFIG FILE"',
    text(
      'The file of --config is TOML. Its keys are long flags of trawl get, without dashes before them; true is for those ' +
        'without a value, and a list for those that may be repeated. The command line goes before it.',
    ),
    '.PP',
    text('A table for each host has what it has of its own. Only the most specific pattern counts.'),
    '.PP',
    '.nf',
    ...['output-dir = "pages"', 'location = true', 'header = ["Accept-Language: en"]'].map(text),
    '',
    ...['[hosts."*.example.com"]', 'max-conn = 2', 'rate = "1/s"'].map(text),
    '.fi',
    ...[...HOST_KEYS].flatMap(([key, meaning]) => ['.TP', bold(key), `${text(capital(meaning))}.`]),
  ]
}

function bold(plain: string): string {
  return `\\fB${text(plain)}\\fR`
}

function capital(plain: string): string {
  return plain.slice(0, 1).toUpperCase() + plain.slice(1)
}

function withoutStop(plain: string): string {
  return plain.replace(/\.$/u, '')
}

const SIGNS: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  '"': '\\(dq',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** As it stands: dashes that can be copied, and no line that begins like a macro. */
function text(plain: string): string {
  const safe = plain.replaceAll(/[\\"'`^~-]/gu, (sign) => SIGNS[sign]!)
  return safe.startsWith('.') ? `\\&${safe}` : safe
}
