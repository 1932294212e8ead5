import { maxColumns, padEnd, widthOf, wrap } from "../ui/Layout.ts"
import type { CommandInfo, Example } from "./CommandInfo.ts"
import type { FlagInfo } from "./Flag.ts"

export type Lines = ReadonlyArray<string>

/** @param columns of the window. */
export const renderHelp = (command: CommandInfo, columns = maxColumns): Lines => {
  const args = command.arguments
    .map((a) => ` ${a.optional === true ? `[${a.placeholder}]` : a.placeholder}${a.repeatable ? "..." : ""}`)
    .join("")
  return [
    ...wrap(command.summary, columns, `fabrik ${command.name} - `),
    "",
    `Usage: fabrik ${command.name} [options]${args}`,
    ...(command.aliases === undefined ? [] : [`Also: fabrik ${command.aliases.join(", fabrik ")}`]),
    "",
    ...command.about.flatMap((paragraph) => [...wrap(paragraph, columns), ""]),
    ...(command.arguments.length === 0
      ? []
      : [
          ...section(
            "Arguments",
            table(
              command.arguments.map(({ placeholder, help }) => [placeholder, help]),
              columns
            )
          ),
          ""
        ]),
    ...section("Options", table([...command.flags.map(flagRow), ["-h, --help", "this text"]], columns)),
    "",
    ...section("Examples", examples(command.examples, columns))
  ]
}

export const section = (title: string, lines: Lines): Lines => [`${title}:`, ...lines]

const flagRow = ({ name, alias, value, help, repeatable }: FlagInfo): readonly [string, string] => [
  `${alias === undefined ? "    " : `-${alias}, `}--${name}${value === undefined ? "" : ` ${value.placeholder}`}`,
  repeatable ? `${help}; repeatable` : help
]

/** Two columns; a first cell that is too wide gets a line of its own. */
export const table = (rows: ReadonlyArray<readonly [string, string]>, columns: number): Lines => {
  const width = Math.min(Math.max(...rows.map(([cell]) => widthOf(cell))), 26)
  return rows.flatMap(([cell, text]) =>
    widthOf(cell) <= width
      ? wrap(text, columns, `  ${padEnd(cell, width)}  `)
      : [`  ${cell}`, ...wrap(text, columns, " ".repeat(width + 4))]
  )
}

/** The commands are not broken: they are there to be pasted. */
export const examples = (list: ReadonlyArray<Example>, columns: number): Lines =>
  list.flatMap(({ line, says }) => [`  ${line}`, ...wrap(says, columns, "      ")])
