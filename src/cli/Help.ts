import { maxColumns, padEnd, widthOf, wrap } from "../ui/Layout.ts"
import type { CommandInfo, Example } from "./CommandInfo.ts"
import type { FlagInfo } from "./Flag.ts"

type Lines = ReadonlyArray<string>

export const renderRootHelp = (commands: ReadonlyArray<CommandInfo>): Lines => [
  "fabrik - from a YAML spec to a verified URL on a Coolify server, or back",
  "",
  "Usage: fabrik COMMAND [options] [arguments]",
  "",
  "Commands:",
  ...table(commands.map(({ name, summary }) => [name, summary])),
  "",
  "  fabrik COMMAND --help tells more of a command; --version, -v its version.",
  "",
  ...section("Examples", examples(rootExamples)),
  "",
  ...section("Environment", table(environment)),
  "",
  ...section("Exit codes", table(exitCodes))
]

export const renderHelp = (command: CommandInfo): Lines => {
  const args = command.arguments.map((a) => ` ${a.placeholder}${a.repeatable ? "..." : ""}`).join("")
  return [
    ...wrap(command.summary, maxColumns, `fabrik ${command.name} - `),
    "",
    `Usage: fabrik ${command.name} [options]${args}`,
    ...(command.aliases === undefined ? [] : [`Also: fabrik ${command.aliases.join(", fabrik ")}`]),
    "",
    ...command.about.flatMap((paragraph) => [...wrap(paragraph, maxColumns), ""]),
    ...(command.arguments.length === 0
      ? []
      : [
          ...section(
            "Arguments",
            table(command.arguments.map(({ placeholder, help }) => [placeholder, help]))
          ),
          ""
        ]),
    ...section("Options", table([...command.flags.map(flagRow), ["-h, --help", "this text"]])),
    "",
    ...section("Examples", examples(command.examples))
  ]
}

const section = (title: string, lines: Lines): Lines => [`${title}:`, ...lines]

const flagRow = ({ name, alias, value, help, repeatable }: FlagInfo): readonly [string, string] => [
  `${alias === undefined ? "    " : `-${alias}, `}--${name}${value === undefined ? "" : ` ${value.placeholder}`}`,
  repeatable ? `${help}; repeatable` : help
]

/** Two columns; a first cell that is too wide gets a line of its own. */
const table = (rows: ReadonlyArray<readonly [string, string]>): Lines => {
  const width = Math.min(Math.max(...rows.map(([cell]) => widthOf(cell))), 26)
  return rows.flatMap(([cell, text]) =>
    widthOf(cell) <= width
      ? wrap(text, maxColumns, `  ${padEnd(cell, width)}  `)
      : [`  ${cell}`, ...wrap(text, maxColumns, " ".repeat(width + 4))]
  )
}

const examples = (list: ReadonlyArray<Example>): Lines =>
  list.flatMap(({ line, says }) => [`  ${line}`, ...wrap(says, maxColumns, "      ")])

const rootExamples: ReadonlyArray<Example> = [
  {
    line: "fabrik apply --sandbox app.yaml",
    says: "deploy to a Coolify that runs inside fabrik: no account needed"
  },
  { line: "fabrik plan app.yaml", says: "show what would change; nothing is sent" },
  { line: "fabrik apply app.yaml", says: "make it so, after asking" }
]

const environment: ReadonlyArray<readonly [string, string]> = [
  ["COOLIFY_ENDPOINT", "the address of your Coolify, e.g. https://coolify.example.com"],
  ["COOLIFY_TOKEN", "an API token with read, read:sensitive, write and deploy"],
  ["CLOUDFLARE_API_TOKEN", "for zones at Cloudflare"],
  ["PDNS_API_URL, PDNS_API_KEY", "for zones on a PowerDNS server"],
  ["HTTPS_PROXY", "the proxy to Coolify and the DNS provider; NO_PROXY lists hosts without it"],
  ["FABRIK_ALLOW_HTTP=1", "let COOLIFY_ENDPOINT be plain http at a private address"],
  ["FABRIK_OWNER", "who owns what is made: two owners never touch each other's [default]"],
  ["FABRIK_LATE_EFFECTS", "seconds that a request without an answer may still take effect [60]"],
  ["NO_COLOR", "no colours; CI: never ask"],
  ["FABRIK_DEBUG=1", "show the stack of an unexpected error"]
]

const exitCodes: ReadonlyArray<readonly [string, string]> = [
  ["0", "done, or nothing to do"],
  ["1", "a fault of fabrik's own"],
  ["2", "the plan has changes (plan --detailed-exitcode)"],
  ["3", "refused before anything was changed"],
  ["4", "the spec or the command line is wrong"],
  ["5", "credentials are missing, wrong or without the right"],
  ["6", "a command that only reads could not find out, or found something wrong"],
  ["10", "failed, and nothing is left of it: put back, or never changed"],
  ["11", "failed, and something is left: it says what, and how to finish it"],
  ["12", "ended before the rollback was"],
  ["130, 143, 129", "interrupted (SIGINT, SIGTERM, SIGHUP), and nothing is left of it"]
]
