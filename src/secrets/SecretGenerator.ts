import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomBytes, randomInt } from "node:crypto"

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/** Where new secrets come from: the system's CSPRNG, unless a test says otherwise. */
export class SecretGenerator extends Context.Reference<SecretGenerator>()("fabrik/secrets/SecretGenerator", {
  defaultValue: () => ({
    /** 32 characters of `A-Za-z0-9`: 190 bits. `randomInt` is free of modulo bias. */
    secret: Effect.sync(() =>
      Redacted.make(Array.from({ length: 32 }, () => alphabet.charAt(randomInt(alphabet.length))).join(""))
    ),
    /** 32 bytes in hex. */
    key: Effect.sync(() => Redacted.make(randomBytes(32).toString("hex")))
  })
}) {}
