import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { assert, describe } from "vitest"
import { findCommand, readWords } from "../../src/cli/Arguments.ts"
import { loadCommands } from "../../src/cli/Cli.ts"

const commands = (await Effect.runPromise(loadCommands)).map(({ info }) => info)
const flags = commands.flatMap((info) => info.flags)

const read = (...argv: ReadonlyArray<string>) =>
  Either.flatMap(findCommand(argv, flags), (request) => {
    if (request._tag !== "Run") return Either.right([request._tag])
    return readWords(
      request,
      commands.find(({ name }) => name === request.command)!
    )
  })
const problem = (...argv: ReadonlyArray<string>): string =>
  Either.getOrThrow(Either.flip(read(...argv))).message
const ordered = (...argv: ReadonlyArray<string>): ReadonlyArray<string> => Either.getOrThrow(read(...argv))

describe("readArguments", () => {
  it("takes options before, after and between the arguments, in all their spellings", () => {
    const expected = ["apply", "--yes", "--timeout", "60", "--secrets", "A=b=c", "app.yaml"]
    assert.deepStrictEqual(ordered("apply", "-y", "--timeout", "60", "-s", "A=b=c", "app.yaml"), expected)
    assert.deepStrictEqual(ordered("apply", "-y", "--timeout=60", "app.yaml", "--secrets=A=b=c"), [
      "apply",
      "--yes",
      "--timeout",
      "60",
      "--secrets",
      "A=b=c",
      "app.yaml"
    ])
    assert.deepStrictEqual(ordered("-y", "--timeout", "60", "apply", "-sA=b=c", "app.yaml"), expected)
    assert.deepStrictEqual(ordered("apply", "-yq", "app.yaml"), ["apply", "--yes", "--quiet", "app.yaml"])
    assert.deepStrictEqual(ordered("apply", "-y", "-y", "app.yaml"), ["apply", "--yes", "app.yaml"])
  })

  it("takes a value that looks like a flag or is one of the arguments' names", () => {
    assert.deepStrictEqual(ordered("apply", "-s", "A=-b", "app.yaml").slice(1, 3), ["--secrets", "A=-b"])
    assert.deepStrictEqual(ordered("apply", "--", "-x.yaml"), ["apply", "./-x.yaml"])
    assert.deepStrictEqual(ordered("validate", "a.yaml", "apply"), ["validate", "a.yaml", "apply"])
  })

  it("answers help and version wherever they stand", () => {
    assert.deepStrictEqual(ordered(), ["Help"])
    assert.deepStrictEqual(ordered("--help"), ["Help"])
    assert.deepStrictEqual(ordered("apply", "app.yaml", "--help"), ["Help"])
    assert.deepStrictEqual(ordered("help", "apply"), ["Help"])
    assert.deepStrictEqual(ordered("apply", "--version"), ["Version"])
    assert.deepStrictEqual(ordered("validate", "--", "--help"), ["validate", "./--help"])
  })

  const table: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
    [["aply", "app.yaml"], "unknown command aply; did you mean apply?"],
    [["frobnicate"], "unknown command frobnicate"],
    [["--yes"], "--yes is of a command, and none is named"],
    [["-y"], "-y is of a command, and none is named"],
    [["--frobnicate"], "unknown flag --frobnicate"],
    [["constructor"], "unknown command constructor"],
    [["deploy", "app.yaml"], "unknown command deploy; did you mean apply?"],
    [["up", "app.yaml", "--yes"], "unknown command up; did you mean apply?"],
    [["ls"], "unknown command ls; did you mean list?"],
    [["ps"], "unknown command ps; did you mean list?"],
    [["rm", "app.yaml"], "unknown command rm; did you mean destroy?"],
    [["down"], "unknown command down; did you mean destroy?"],
    [["help", "aply"], "unknown command aply; did you mean apply?"],
    [["apply", "--bogus", "app.yaml"], "unknown flag --bogus"],
    [["apply", "--skip-dsn", "app.yaml"], "unknown flag --skip-dsn; did you mean --skip-dns?"],
    [["apply", "--dryrun=1", "app.yaml"], "unknown flag --dryrun; did you mean --dry-run?"],
    [["apply", "-x", "app.yaml"], "unknown flag -x"],
    [["plan", "--yes", "app.yaml"], "unknown flag --yes"],
    [["--bogus"], "unknown flag --bogus"],
    [
      ["apply"],
      "apply needs FILE: specs, folders of specs, patterns like 'specs/**/*.yaml'; or one plan saved by plan --out"
    ],
    [["destroy"], "destroy needs FILE: specs, folders of specs, or patterns like 'specs/**/*.yaml'"],
    [["validate"], "validate needs FILE: specs, folders of specs, or patterns like 'specs/**/*.yaml'"],
    [["logs", "a.yaml", "b.yaml"], "logs takes one SPEC|DOMAIN: what is b.yaml?"],
    [["templates", "x"], "templates takes no argument: what is x?"],
    [["apply", ""], "apply got an empty FILE"],
    [["apply", "app.yaml", "--timeout"], "--timeout needs a value: SECONDS"],
    [["apply", "app.yaml", "--timeout="], "--timeout needs a value: SECONDS"],
    [["apply", "app.yaml", "--timeout", "soon"], "--timeout wants a whole number from 1 to 86400, not soon"],
    [["apply", "app.yaml", "--timeout", "0"], "--timeout wants a whole number from 1 to 86400, not 0"],
    [["apply", "app.yaml", "--timeout", "-5"], "--timeout wants a whole number from 1 to 86400, not -5"],
    [["apply", "app.yaml", "--timeout", "1e3"], "--timeout wants a whole number from 1 to 86400, not 1e3"],
    [["apply", "app.yaml", "--timeout", "1", "--timeout", "2"], "--timeout stands there twice"],
    [["apply", "app.yaml", "--env-file", "--yes"], "--env-file needs a value: FILE"],
    [["apply", "app.yaml", "--yes=true"], "--yes takes no value"],
    [["verify", "a.example.com", "--spec", "dsn"], "--spec is one of deploy, dns, not dsn"],
    [["sandbox", "--port", "70000"], "--port wants a whole number from 1 to 65535, not 70000"]
  ]
  it.each(table)("%j is refused: %s", (argv, message) => {
    assert.strictEqual(problem(...argv), message)
  })

  it("never repeats what may be a secret", () => {
    assert.strictEqual(
      problem("apply", "app.yaml", "-s", "hunter2"),
      "--secrets wants KEY=VALUE: a name of letters, digits, _ and ., then = and the value"
    )
    assert.notInclude(problem("apply", "app.yaml", "-s", "my-key=hunter2"), "hunter2")
    assert.notInclude(problem("apply", "app.yaml", "--secrts=hunter2"), "hunter2")
  })
})
