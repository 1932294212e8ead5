import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import {
  buildCommand,
  type Command,
  entrypoint,
  fromBuildCommand,
  fromEntrypoint
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

  it("that nobody could have written in a spec stays what it is", () => {
    assert.isUndefined(fromEntrypoint('sh -c "echo $HOME"'))
    assert.isUndefined(fromEntrypoint("tini --init x"))
  })
})
