/** The manual page, in the macros of man(7), made of the commands themselves. */
import type { CommandInfo } from "./CommandInfo.ts"
import type { FlagInfo } from "./Flag.ts"
import { environment, exitCodes } from "./RootHelp.ts"

/** Text as roff takes it: a hyphen stays one, and no line is taken for a request. */
const roff = (text: string): string =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1")

const bold = (text: string): string => `\\fB${roff(text)}\\fR`

const entry = (term: string, says: string): ReadonlyArray<string> => [".TP", term, roff(says)]

const option = ({ alias, help, name, repeatable, value }: FlagInfo): ReadonlyArray<string> => {
  const words = [...(alias === undefined ? [] : [bold(`-${alias}`)]), bold(`--${name}`)].join(", ")
  const placeholder = value === undefined ? "" : ` \\fI${roff(value.placeholder)}\\fR`
  return entry(`${words}${placeholder}`, repeatable ? `${help}; repeatable` : help)
}

const usage = ({ arguments: all, name }: CommandInfo): string =>
  [
    bold(`fabrik ${name}`),
    "[options]",
    ...all.map(({ optional, placeholder, repeatable }) => {
      const word = `${placeholder}${repeatable ? "..." : ""}`
      return `\\fI${roff(optional === true ? `[${word}]` : word)}\\fR`
    })
  ].join(" ")

const section = (command: CommandInfo): ReadonlyArray<string> => [
  `.SS ${roff(command.name)}`,
  roff(`${command.summary}.`),
  ".PP",
  usage(command),
  ...command.about.flatMap((paragraph) => [".PP", roff(paragraph)]),
  ...command.arguments.flatMap(({ help, placeholder }) => entry(`\\fI${roff(placeholder)}\\fR`, help)),
  ...command.flags.flatMap(option),
  ...command.examples.flatMap(({ line, says }) => [
    ".PP",
    roff(says),
    ".PP",
    ".RS",
    ".nf",
    roff(line),
    ".fi",
    ".RE"
  ])
]

/** @param version what `--version` says. */
export const renderManual = (commands: ReadonlyArray<CommandInfo>, version: string): string =>
  [
    `.TH FABRIK 1 "" "fabrik ${roff(version)}" "User Commands"`,
    ".SH NAME",
    "fabrik \\- from a YAML spec to a verified URL on a Coolify server, or back",
    ".SH SYNOPSIS",
    `${bold("fabrik")} \\fICOMMAND\\fR [options] [arguments]`,
    ".SH COMMANDS",
    ...commands.flatMap(section),
    ".SH ENVIRONMENT",
    ...environment.flatMap(([name, says]) => entry(bold(name), says)),
    ".SH EXIT STATUS",
    ...exitCodes.flatMap(([code, says]) => entry(bold(code), says)),
    ""
  ].join("\n")
