/** What the database must not be able to read: encrypted here, with a key that only the environment has. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, scrypt } from "node:crypto"
import { StateError } from "../StateError.ts"

/** AES-256-GCM: a byte for the form, the nonce, what was encrypted, the tag. */
const form = 1
const nonceLength = 12
const tagLength = 16

export interface Sealing {
  /** Random nonces: two of one text differ. `place` is where it is to stand: nothing can be read from another place. */
  readonly seal: (place: string, text: Redacted.Redacted<string>) => Effect.Effect<Uint8Array>
  /** `None`: of another key or place, or changed. */
  readonly unseal: (place: string, sealed: Uint8Array) => Option.Option<Redacted.Redacted<string>>
  /** HMAC-SHA256, hex. */
  readonly digest: (text: Redacted.Redacted<string>) => string
  /** What digests are made with, hex: it stays when the key is changed, so that digests of before are known again. */
  readonly digestKey: Redacted.Redacted<string>
}

/** The same, with the digests of an earlier key. */
export const withDigestKey = (sealing: Sealing, digestKey: Redacted.Redacted<string>): Sealing => ({
  ...sealing,
  digestKey,
  digest: digestBy(Buffer.from(Redacted.value(digestKey), "hex"))
})

const digestBy = (key: Buffer) => (plain: Redacted.Redacted<string>) =>
  createHmac("sha256", key).update(Redacted.value(plain)).digest("hex")

const makeKeyAdvice =
  "Make one with `openssl rand -base64 32`, give it to all who share the state, and set FABRIK_STATE_KEY to it."

/** 32 bytes in base64 are the key itself; any other text of at least 16 characters is a passphrase. */
const isKey = (text: string): boolean => /^[A-Za-z0-9+/]{43}=$/.test(text)

/** Why the text is no key; `undefined`: it is one. */
export const keyProblem = (raw: Redacted.Redacted<string>): StateError | undefined => {
  const text = Redacted.value(raw).trim()
  if (isKey(text) || text.length >= 16) return undefined
  return new StateError({
    reason: "BadKey",
    place: "",
    detail:
      text === ""
        ? "needs a key for the secrets in it, and FABRIK_STATE_KEY is not set"
        : "needs a key for the secrets in it, and FABRIK_STATE_KEY is too short",
    next: makeKeyAdvice
  })
}

const stretched = (text: string, salt: Uint8Array): Effect.Effect<Buffer> =>
  Effect.async<Buffer>((resume) =>
    scrypt(
      text.normalize("NFKC"),
      salt,
      32,
      { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 },
      (error, key) => resume(error === null ? Effect.succeed(key) : Effect.die(error))
    )
  )

/** @param salt of the database, for a passphrase. */
export const makeSealing = Effect.fn("makeSealing")(function* (
  raw: Redacted.Redacted<string>,
  salt: Uint8Array
) {
  const text = Redacted.value(raw).trim()
  const master = isKey(text) ? Buffer.from(text, "base64") : yield* stretched(text, salt)
  const derived = (use: string) => Buffer.from(hkdfSync("sha256", master, salt, use, 32))
  const sealKey = derived("fabrik seal")
  const digestKey = derived("fabrik digest")
  const sealing: Sealing = {
    seal: (place, plain) =>
      Effect.sync(() => {
        const nonce = randomBytes(nonceLength)
        const cipher = createCipheriv("aes-256-gcm", sealKey, nonce)
        cipher.setAAD(Buffer.from(place, "utf8"))
        const body = Buffer.concat([cipher.update(Redacted.value(plain), "utf8"), cipher.final()])
        return Buffer.concat([Buffer.of(form), nonce, body, cipher.getAuthTag()])
      }),
    unseal: (place, sealed) => {
      if (sealed[0] !== form || sealed.length < 1 + nonceLength + tagLength) return Option.none()
      const bytes = Buffer.from(sealed)
      return Option.liftThrowable(() => {
        const nonce = bytes.subarray(1, 1 + nonceLength)
        const cipher = createDecipheriv("aes-256-gcm", sealKey, nonce, { authTagLength: tagLength })
        cipher.setAAD(Buffer.from(place, "utf8"))
        cipher.setAuthTag(bytes.subarray(bytes.length - tagLength))
        const body = bytes.subarray(1 + nonceLength, bytes.length - tagLength)
        return Redacted.make(Buffer.concat([cipher.update(body), cipher.final()]).toString("utf8"))
      })()
    },
    digest: digestBy(digestKey),
    digestKey: Redacted.make(digestKey.toString("hex"))
  }
  return sealing
})
