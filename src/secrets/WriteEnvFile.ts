/** Pure: a `.env` that reads back as what it was made of. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { parseEnvFile } from "./EnvFile.ts"

const bare = /^[A-Za-z0-9_.,:/@%+=-]+$/
const escaped: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ['"', '\\"'],
  ["$", "\\$"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"]
])

/** `NAME=value`, quoted where it has to be; `undefined`: no form of it reads back as it is. */
export const envLine = (name: string, value: string): string | undefined => {
  const forms = [
    ...(bare.test(value) ? [value] : []),
    ...(/['\r\n]/.test(value) ? [] : [`'${value}'`]),
    `"${[...value].map((sign) => escaped.get(sign) ?? sign).join("")}"`
  ]
  return forms
    .map((form) => `${name}=${form}`)
    .find((line) => {
      const read = parseEnvFile(`${line}\n`)
      const found = read.entries.get(name)?.value
      return (
        read.entries.size === 1 &&
        read.skipped.length === 0 &&
        found !== undefined &&
        Either.isRight(found) &&
        Redacted.value(found.right) === value
      )
    })
}
