/** What is made of the commands' own values: scripts that complete them, by the shells themselves, and the manual page. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, assert, describe } from "vitest"
import { loadCommands } from "../../src/cli/Cli.ts"
import { completionsFor, shells } from "../../src/cli/Completions.ts"
import { renderManual } from "../../src/cli/Manual.ts"

const commands = (await Effect.runPromise(loadCommands)).map(({ info }) => info)
const folder = mkdtempSync(join(tmpdir(), "fabrik-completions-"))
for (const name of [
  "app.yaml",
  "two words.yml",
  "notes.txt",
  "fly.toml",
  "specs/api.yaml",
  ".fabrik/history/fabrik/production/shop.ndjson",
  ".fabrik/sandbox/history/fabrik/production/blog.ndjson"
]) {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), "")
}

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const installed = (shell: string) => spawnSync(shell, ["-c", "true"]).status === 0
const names = commands.map(({ name }) => name)

/** The words of a line up to the one that is completed, as bash breaks them, and what bash offers. */
const offers: ReadonlyArray<readonly [words: ReadonlyArray<string>, offered: ReadonlyArray<string>]> = [
  [["ap"], ["apply"]],
  [["proj"], ["projects"]],
  [["--v"], ["--version"]],
  [
    ["apply", ""],
    ["specs", "app.yaml", "two words.yml"]
  ],
  [["apply", "--allow-d"], ["--allow-downtime"]],
  [["apply", "--env-file", "no"], ["notes.txt"]],
  [["apply", "--env-file", "=", "no"], ["notes.txt"]],
  [
    ["apply", "-t", ""],
    ["shop", "blog"]
  ],
  [["apply", "--parallelism", ""], []],
  [["--sandbox-dir", "x", "apply", "app"], ["app.yaml"]],
  [["apply", "--sandbox-dir", ""], ["specs"]],
  [["plan", "app.yaml", "two"], ["two words.yml"]],
  [["import", "f"], ["fly.toml"]],
  [["adopt", "sh"], ["shop"]],
  [["new", "--template", "n"], ["node-api"]],
  [
    ["new", "-t", ""],
    ["python-api", "node-api", "static-site"]
  ],
  [["completions", ""], [...shells]],
  [["help", "temp"], ["templates"]],
  [["templates", ""], []],
  [["nonsense", ""], []]
]

describe("completions", () => {
  it("of bash offer commands, options, files, names and templates", () => {
    const script = [
      "set -u",
      completionsFor("bash", commands),
      ...offers.map(([words]) =>
        [
          `COMP_WORDS=(${["fabrik", ...words].map((word) => `'${word}'`).join(" ")})`,
          `COMP_CWORD=${words.length}; COMPREPLY=(); _fabrik`,
          `printf '%s\\t' "\${COMPREPLY[@]-}"; echo`
        ].join("\n")
      ),
      "COMP_WORDS=(fabrik ''); COMP_CWORD=1; _fabrik; echo ${COMPREPLY[*]}",
      "complete -p fabrik"
    ].join("\n")
    const { status, stderr, stdout } = spawnSync("bash", ["--norc", "-c", script], {
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env["PATH"] }
    })
    assert.strictEqual(status, 0, stderr)
    assert.strictEqual(stderr, "")
    const lines = stdout.split("\n")
    for (const [index, [words, offered]] of offers.entries()) {
      const given = (lines[index] ?? "").split("\t").filter((word) => word !== "")
      assert.sameMembers(given, [...offered], words.join(" "))
    }
    assert.includeMembers((lines[offers.length] ?? "").split(" "), [...names])
    assert.include(lines[offers.length + 1], "complete -F _fabrik fabrik")
  })

  for (const shell of shells) {
    it(`of ${shell} have each command and each of its options`, () => {
      const script = completionsFor(shell, commands)
      for (const { flags, name } of commands) {
        assert.include(script, name)
        for (const flag of flags)
          assert.include(script, shell === "fish" ? `-l ${flag.name} ` : `--${flag.name}`)
      }
    })

    it.runIf(installed(shell))(`of ${shell} are read by it without a complaint`, () => {
      const read = spawnSync(shell, ["-n"], { input: completionsFor(shell, commands), encoding: "utf8" })
      assert.strictEqual(read.status, 0, read.stderr)
      assert.strictEqual(read.stderr, "")
    })
  }
})

describe("the manual page", () => {
  const page = renderManual(commands, "1.2.3")

  it("has each command and each of its options", () => {
    for (const { flags, name } of commands) {
      assert.include(page, `\n.SS ${name}\n`)
      for (const flag of flags) assert.include(page, `--${flag.name}`.replaceAll("-", "\\-"))
    }
  })

  it("has no request but those of man(7), whatever the texts begin with", () => {
    for (const line of page.split("\n").filter((line) => /^[.']/.test(line))) {
      assert.match(line, /^\.(?:TH FABRIK 1 .*|S[HS] [\w \\-]+|TP|PP|RS|RE|nf|fi)$/)
    }
  })

  it.runIf(spawnSync("groff", ["--version"]).status === 0)("is set by groff without a warning", () => {
    const { status, stderr } = spawnSync("groff", ["-man", "-ww", "-z", "-Tutf8", "-Kutf8"], {
      input: page,
      encoding: "utf8"
    })
    assert.deepStrictEqual([status, stderr], [0, ""])
  })
})
