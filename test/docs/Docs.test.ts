/** What the documents say about the command line is so, and their links lead somewhere. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { assert, describe, expect } from "vitest"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import { findCommand, readWords } from "../../src/cli/Arguments.ts"
import { loadCommands } from "../../src/cli/Cli.ts"
import { renderHelp } from "../../src/cli/Help.ts"
import { renderRootHelp } from "../../src/cli/RootHelp.ts"

const root = join(import.meta.dirname, "../..")
const documents = [
  join(root, "README.md"),
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(root, "docs", name))
].map((path) => ({ path, name: relative(root, path), text: readFileSync(path, "utf8") }))

const commands = (await Effect.runPromise(loadCommands)).map(({ info }) => info)

/** The words of each `fabrik ...` in a shell's block, comments and what stands behind `&&` or `;` apart. */
const commandLines = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  [...text.matchAll(/^```sh\n(.*?)^```/gms)]
    .flatMap(([, block = ""]) => block.split("\n"))
    .flatMap((line) => line.replace(/(?:^|\s)#.*$/, "").split(/&&|;/))
    .map((part) => part.trim().replace(/^node dist\/fabrik\.js /, "fabrik "))
    .filter((part) => part.startsWith("fabrik "))
    .map((part) => [...part.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ""))
    .map(([, ...words]) => words)

const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-")

describe("the documents", () => {
  it.each(documents)("$name: its commands are ones that fabrik takes", ({ text }) => {
    for (const words of commandLines(text)) {
      const read = Either.flatMap(findCommand(words, []), (request) => {
        const info = request._tag === "Run" && commands.find(({ name }) => name === request.command)
        return info === false || info === undefined ? Either.right(words) : readWords(request, info)
      })
      assert.isTrue(Either.isRight(read), `fabrik ${words.join(" ")}: ${JSON.stringify(read)}`)
    }
  })

  it.each(documents)("$name: its links lead somewhere", ({ path, text }) => {
    const prose = text.replace(/^```.*?^```/gms, "").replace(/`[^`]*`/g, "")
    for (const [, target = ""] of prose.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith("https:")) continue
      const [file = "", anchor] = target.split("#")
      const there = file === "" ? path : join(dirname(path), file)
      assert.isTrue(existsSync(there), target)
      if (anchor === undefined) continue
      const headings = [...readFileSync(there, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, said = ""]) =>
        slug(said)
      )
      assert.include(headings, anchor, target)
    }
  })

  it("show a first spec that is valid, and of which nobody makes up the address of a database", () => {
    const [, text = ""] =
      /^```yaml\n(name: .*?)^```/ms.exec(readFileSync(join(root, "README.md"), "utf8")) ?? []
    const { secretRules, secrets } = Either.getOrThrow(parseSpec(text, "README.md"))
    assert.include(secrets, "DATABASE_URL")
    assert.deepStrictEqual(secretRules.get("DATABASE_URL"), { _tag: "Required" })
  })

  it("are the same as a narrow terminal has, but for the width", () => {
    for (const columns of [60, 80]) {
      const told = [renderRootHelp(columns), ...commands.map((info) => renderHelp(info, columns))].flat()
      // A command is there to be pasted, and a long option has a line of its own.
      const wide = told.filter(
        (line) =>
          line.length > columns && !/^ {2}(?:fabrik|curl|source) |^ {2}[A-Z0-9_, ]+$|^Usage: /.test(line)
      )
      assert.deepStrictEqual(wide, [])
    }
  })

  // `npx vitest run test/docs -u` writes it anew.
  it("tell every command as its --help does", async () => {
    const file = join(root, "docs/commands.md")
    const fenced = (lines: ReadonlyArray<string>) => ["```text", ...lines, "```", ""].join("\n")
    const [, exits = ""] = /^(## Exit codes\n.*?)(?=^## )/ms.exec(readFileSync(file, "utf8")) ?? []
    const text = [
      "# Commands\n",
      fenced(renderRootHelp()),
      exits,
      ...commands.map((info) => `## fabrik ${info.name}\n\n${fenced(renderHelp(info))}`)
    ].join("\n")
    await expect(`${text.replace(/\n{3,}/g, "\n\n").trimEnd()}\n`).toMatchFileSnapshot(file)
  })
})
