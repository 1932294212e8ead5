import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomBytes, randomInt, randomUUID } from "node:crypto"
import type { SecretRecipe } from "./SecretStore.ts"

const letters = "abcdefghijklmnopqrstuvwxyz"
const digits = "0123456789"
const alphabet = letters.toUpperCase() + letters + digits
/** None that a shell, a URL's user part, YAML or a `.env` file would take for more than itself. */
const symbols = "!*+,-.:=@^_~"

/** `randomInt` is free of modulo bias. */
const pick = (from: string): string => from.charAt(randomInt(from.length))
const pickMany = (from: string, count: number): string =>
  Array.from({ length: count }, () => pick(from)).join("")

/** At least one capital, one small letter, one digit and one symbol, wherever they fall. */
const password = (length: number): string => {
  for (;;) {
    const made = pickMany(alphabet + symbols, length)
    if (/[A-Z]/.test(made) && /[a-z]/.test(made) && /\d/.test(made) && /[^A-Za-z0-9]/.test(made)) return made
  }
}

/** As many bytes as fill that many characters; a multiple of 8 where one does, as keys are measured. */
const base64 = (length: number): string => {
  const most = (length / 4) * 3
  const bytes = [most, most - 1, most - 2].find((count) => count % 8 === 0) ?? most
  return randomBytes(bytes).toString("base64")
}

const make = ({ kind, length }: SecretRecipe): string => {
  switch (kind) {
    case "alphanumeric":
      return pickMany(alphabet, length)
    case "base64":
      return base64(length)
    case "hex":
      return pickMany("0123456789abcdef", length)
    case "password":
      return password(length)
    case "uuid":
      return randomUUID()
  }
}

/** Where new secrets come from: the system's CSPRNG, unless a test says otherwise. */
export class SecretGenerator extends Context.Reference<SecretGenerator>()("fabrik/secrets/SecretGenerator", {
  defaultValue: () => ({
    secret: (recipe: SecretRecipe) => Effect.sync(() => Redacted.make(make(recipe))),
    /** 32 bytes in hex. */
    key: Effect.sync(() => Redacted.make(randomBytes(32).toString("hex")))
  })
}) {}
