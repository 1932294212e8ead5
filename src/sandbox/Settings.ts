/** What a sandbox keeps of itself from one run to the next: `sandbox.json`. */
import * as crypto from "node:crypto"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const Port = Schema.Int.pipe(Schema.between(1, 65_535))

export const Settings = Schema.Struct({
  version: Schema.Literal(1),
  /** `<id>|<secret>`, as a Bearer token. */
  token: Schema.String.pipe(Schema.pattern(/^\d+\|\w+$/)),
  dnsApiKey: Schema.String,
  /** Those of the last run. */
  ports: Schema.partial(Schema.Struct({ coolify: Port, dnsApi: Port, dns: Port, edge: Port }))
})
export type Settings = typeof Settings.Type

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

const randomText = (length: number): string =>
  Array.from({ length }, () => alphabet.charAt(crypto.randomInt(alphabet.length))).join("")

/** CRC-32 as PHP's `crc32b` writes it: a token of Laravel Sanctum ends in that of its 40 characters. */
const crc32 = (text: string): string => {
  let crc = 0xffffffff
  for (const byte of Buffer.from(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0")
}

/** New secrets, no ports. */
export const fresh: Effect.Effect<Settings> = Effect.sync(() => {
  const secret = randomText(40)
  return { version: 1, token: `1|${secret}${crc32(secret)}`, dnsApiKey: randomText(32), ports: {} }
})
