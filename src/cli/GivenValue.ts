/** A value that is never on the command line, where other users see it. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { Screen } from "../ui/Screen.ts"
import { UsageError } from "./Arguments.ts"
import { Operator } from "./Operator.ts"

/** Bytes; Coolify and Docker take no larger variable. */
const most = 128 * 1024

/**
 * Asked for at a terminal, which does not show it; else all of stdin, byte for byte but for one line break at its end, which
 * `echo` and editors add.
 */
export const givenValue = Effect.fn("givenValue")(function* (name: string, command: string) {
  const refuse = (message: string) => new UsageError({ message, command })
  const operator = yield* Operator
  const { err } = yield* Screen
  const known = yield* KnownSecrets
  if (operator.terminal && !operator.present) {
    return yield* refuse(`pipe the value of ${name} in: nobody can be asked here`)
  }
  const text = operator.terminal
    ? yield* Effect.gen(function* () {
        yield* err.write(`${name} (not shown): `)
        const line = yield* operator.hidden
        yield* err.write("\n")
        return line ?? ""
      })
    : yield* Effect.flatMap(operator.piped(most), (bytes) =>
        bytes.length > most
          ? refuse(`the value of ${name} is larger than ${most / 1024} KiB`)
          : Effect.try({
              try: () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
              catch: () => refuse(`the value of ${name} is not UTF-8 text: give it as base64, for one`)
            })
      )
  if (operator.terminal && text.includes("\n")) {
    return yield* refuse(`the value of ${name} has several lines: pipe it in, as in \`< FILE\``)
  }
  const value = Redacted.make(operator.terminal ? text : text.replace(/\r?\n$/, ""))
  if (Redacted.value(value) === "") {
    return yield* refuse(`no value is given for ${name}: type one, or pipe it in`)
  }
  yield* known.add(value)
  return value
})
