/** A `.env` file, or an example of one: its variables are all that is known of the application. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { parseEnvFile } from "../secrets/EnvFile.ts"
import { isPlaceholder } from "./Heroku.ts"
import { answersAt, builtFrom, draftOf, type Job } from "./Input.ts"
import { Cursor } from "./Cursor.ts"
import { namesSecret, secret, variableAt } from "./Plain.ts"
import type { Pair, Tree } from "./Tree.ts"

/** As a tree with places. What is wrong with a value stands in its place. */
export const dotenvTree = (text: string): Tree => {
  const { entries, skipped } = parseEnvFile(text)
  const pairs = [...entries].map(([key, { line, value }]): Pair => {
    const keyAt = { line, column: 1 }
    const read: Tree = Either.isRight(value)
      ? { _tag: "Leaf", at: keyAt, text: Redacted.value(value.right) }
      : { _tag: "Items", at: keyAt, items: [{ _tag: "Leaf", at: keyAt, text: value.left }] }
    return { key, keyAt, value: read }
  })
  const lost = skipped.map(({ line }): Pair => {
    const keyAt = { line, column: 1 }
    return { key: `line ${line}`, keyAt, value: { _tag: "Leaf", at: keyAt, text: undefined } }
  })
  return { _tag: "Pairs", at: { line: 1, column: 1 }, pairs: [...pairs, ...lost] }
}

export const readDotenv = (job: Job): undefined => {
  const { input, reading } = job
  const draft = draftOf(job, input.folder, undefined)
  const root = job.root.for(draft)
  answersAt(job, draft, [])
  builtFrom(job, draft, { from: new Cursor(reading, undefined), buildPack: "nixpacks" })
  for (const one of root.pairs()) {
    if (/^line \d+$/.test(one.name)) {
      one.leave("it is no `KEY=value`", "env")
      continue
    }
    if (one.kind === "Items") {
      const [why] = one.items()
      one.leave(`its value ${why?.peek() ?? "cannot be read"}`, "env")
      secret(draft, one.name, one, "required")
      continue
    }
    const value = one.peek() ?? ""
    if (one.name === "PORT" && /^\d+$/.test(value)) draft.set("port", Number(value), one)
    if (isPlaceholder(one.name, value) || (value === "" && namesSecret(one.name))) {
      one.take()
      secret(draft, one.name, one, "required")
    } else variableAt(draft, one.name, one)
  }
  if (draft.get("port") === undefined) {
    draft.set("port", 3000)
    draft.comment("port", "The file does not say where it listens.")
  }
  return undefined
}
