import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import {
  afterRelease,
  buildCommand,
  type Command,
  entrypoint,
  fromBuildCommand,
  fromEntrypoint,
  withoutRelease
} from "../../src/appspec/ShellCommand.ts"

const word = FastCheck.stringMatching(/^[a-z$&|;"'() <>*\\=./-]{1,12}$/)
const command: FastCheck.Arbitrary<Command> = FastCheck.oneof(
  FastCheck.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(" ").trim()),
  FastCheck.array(word, { minLength: 1, maxLength: 4 })
)

/** What Coolify 4.3.11 was seen to refuse in `start_command` (recorded), and to take. */
const refused = ["run --port $PORT", "a | b", "a; b", "a\nb"]
const safe = /^(?:'[^'\n]*'|"[^"$`\\\n]*"|&&|[^'"$`;|&<>()\n\r\\])*$/

describe("a command", () => {
  it.each([
    ["python3 /app.py", "python3 /app.py", "python3 /app.py"],
    ["run --port $PORT", "sh -c 'run --port $PORT'", 'sh -c "run --port $$PORT"'],
    [
      "echo EP; exec python3 /app.py",
      "sh -c 'echo EP; exec python3 /app.py'",
      'sh -c "echo EP; exec python3 /app.py"'
    ],
    ["a && b", "a && b", 'sh -c "a && b"'],
    ["A=1 serve", "A=1 serve", 'sh -c "A=1 serve"'],
    ["exec serve", "exec serve", 'sh -c "exec serve"'],
    [["gunicorn", "app:create()"], "gunicorn 'app:create()'", 'gunicorn "app:create()"']
  ] as const)("%s", (given, forBuild, forImage) => {
    assert.strictEqual(Either.getOrThrow(buildCommand(given)), forBuild)
    assert.strictEqual(Either.getOrThrow(entrypoint(given)), forImage)
  })

  it("is refused where it would be longer than Coolify's column", () => {
    assert.isTrue(Either.isLeft(buildCommand(`echo ${"x".repeat(255)}`)))
    assert.isTrue(Either.isRight(entrypoint(`echo ${"x".repeat(255)}`)))
  })

  it("is refused over several lines, which Coolify takes in no form", () => {
    assert.isTrue(Either.isLeft(buildCommand(["sh", "-c", "a\nb"])))
    assert.isTrue(Either.isLeft(entrypoint(["sh", "-c", "a\nb"])))
  })

  it.prop("is one that Coolify takes, or refused", [command], ([given]) => {
    const encoded = buildCommand(given)
    if (Either.isRight(encoded)) assert.match(encoded.right, safe)
    for (const text of refused) assert.notMatch(text, safe)
  })

  it.prop("is read back as one that means the same", [command], ([given]) => {
    for (const [encode, decode] of [
      [buildCommand, fromBuildCommand],
      [entrypoint, fromEntrypoint]
    ] as const) {
      const encoded = encode(given)
      if (Either.isLeft(encoded)) continue
      const back = decode(encoded.right)
      assert.isDefined(back, encoded.right)
      assert.deepStrictEqual(encode(back ?? ""), encoded)
    }
  })

  it("waits for a release command, and hears the signals that stop it", () => {
    const mark = "rm -f /tmp/released; (migrate) && touch /tmp/released && "
    assert.strictEqual(afterRelease("migrate", ["serve", "--all"]), `${mark}exec serve --all`)
    assert.strictEqual(afterRelease("migrate", "serve --port $PORT"), `${mark}exec serve --port $PORT`)
    // `exec` takes one program.
    assert.strictEqual(afterRelease("migrate", "a | b"), `${mark}a | b`)
    assert.strictEqual(afterRelease("migrate", "A=1 serve"), `${mark}A=1 serve`)
  })

  it.prop(
    "with a release command is taken apart as it was put together",
    [word, command],
    ([first, given]) => {
      const text = afterRelease(first, given)
      const { command: own, release } = withoutRelease(text)
      assert.strictEqual(release === undefined ? own : afterRelease(release, own), text)
    }
  )

  it.each([
    ["true", true],
    ["false || true", true],
    ["false", false],
    ["echo begun; exit 3", false],
    ["true; false", false]
  ])("a shell starts it only once the release command has succeeded: %s", (release, isGood) => {
    const folder = mkdtempSync(join(tmpdir(), "fabrik-release-"))
    const mark = join(folder, "released")
    const script = afterRelease(release, "echo started").replaceAll("/tmp/released", mark)
    const { status, stdout } = spawnSync("sh", ["-c", script], { encoding: "utf8" })
    assert.strictEqual(stdout.includes("started"), isGood)
    assert.strictEqual(status === 0, isGood)
    assert.strictEqual(existsSync(mark), isGood)
    rmSync(folder, { recursive: true })
  })

  it("that nobody could have written in a spec stays what it is", () => {
    assert.isUndefined(fromEntrypoint('sh -c "echo $HOME"'))
    assert.isUndefined(fromEntrypoint("tini --init x"))
  })
})
