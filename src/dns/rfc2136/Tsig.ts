/** Signatures of DNS messages (TSIG, RFC 8945). */
import * as Redacted from "effect/Redacted"
import { createHmac, timingSafeEqual } from "node:crypto"

/** RFC 8945, 6: what is in use. */
export const digests = new Map([
  ["hmac-sha1", "sha1"],
  ["hmac-sha256", "sha256"],
  ["hmac-sha384", "sha384"],
  ["hmac-sha512", "sha512"]
])

export interface TsigKey {
  readonly name: string
  /** One of {@link digests}. */
  readonly algorithm: string
  /** Base64. */
  readonly secret: Redacted.Redacted<string>
}

export interface Tsig {
  /** Where it begins in its message. */
  readonly start: number
  readonly mac: Buffer
  readonly seconds: number
  readonly fudge: number
  readonly originalId: number
  /** 0; 16 BADSIG, 17 BADKEY, 18 BADTIME. */
  readonly error: number
  readonly other: Buffer
}

const type = 250
const anyClass = 255
/** Seconds that the clocks may be apart. */
const fudge = 300

export const u16 = (value: number): Buffer => {
  const buffer = Buffer.alloc(2)
  buffer.writeUInt16BE(value)
  return buffer
}
const u48 = (value: number): Buffer => {
  const buffer = Buffer.alloc(6)
  buffer.writeUIntBE(value, 0, 6)
  return buffer
}

/** Without compression, in lower case. */
export const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .toLowerCase()
      .split(".")
      .filter((label) => label !== "")
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")])),
    Buffer.from([0])
  ])

const variables = (
  { algorithm, name }: TsigKey,
  tsig: Pick<Tsig, "error" | "fudge" | "other" | "seconds">
): Buffer =>
  Buffer.concat([
    encodeName(name),
    u16(anyClass),
    Buffer.alloc(4),
    encodeName(algorithm),
    u48(tsig.seconds),
    u16(tsig.fudge),
    u16(tsig.error),
    u16(tsig.other.length),
    tsig.other
  ])

const macOf = ({ algorithm, secret }: TsigKey, parts: ReadonlyArray<Buffer>): Buffer =>
  createHmac(digests.get(algorithm) ?? "sha256", Buffer.from(Redacted.value(secret), "base64"))
    .update(Buffer.concat(parts))
    .digest()

const withCount = (message: Buffer, change: number, id?: number): Buffer => {
  const copy = Buffer.from(message)
  copy.writeUInt16BE(copy.readUInt16BE(10) + change, 10)
  if (id !== undefined) copy.writeUInt16BE(id, 0)
  return copy
}

export const sign = (
  message: Buffer,
  key: TsigKey,
  seconds: number
): { readonly bytes: Buffer; readonly mac: Buffer } => {
  const mac = macOf(key, [message, variables(key, { seconds, fudge, error: 0, other: Buffer.alloc(0) })])
  const data = Buffer.concat([
    encodeName(key.algorithm),
    u48(seconds),
    u16(fudge),
    u16(mac.length),
    mac,
    message.subarray(0, 2),
    u16(0),
    u16(0)
  ])
  const record = [encodeName(key.name), u16(type), u16(anyClass), Buffer.alloc(4), u16(data.length), data]
  return { bytes: Buffer.concat([withCount(message, 1), ...record]), mac }
}

/** The end of the name that begins at `at`: a pointer ends it. Throws RangeError outside of the message. */
const afterName = (message: Buffer, at: number): number => {
  let place = at
  for (;;) {
    const length = message.readUInt8(place)
    if (length === 0) return place + 1
    if (length >= 0xc0) return place + 2
    place += length + 1
  }
}

/** The signature of a message, its last record; `undefined`: it has none. Throws RangeError if it is no message. */
export const findTsig = (message: Buffer): Tsig | undefined => {
  const count = (at: number) => message.readUInt16BE(at)
  let place = 12
  for (let left = count(4); left > 0; left--) place = afterName(message, place) + 4
  let start = place
  const records = count(6) + count(8) + count(10)
  for (let left = records; left > 0; left--) {
    start = place
    const fixed = afterName(message, place)
    place = fixed + 10 + count(fixed + 8)
  }
  if (count(10) === 0) return undefined
  const fixed = afterName(message, start)
  if (count(fixed) !== type) return undefined
  const data = afterName(message, fixed + 10)
  const length = count(data + 8)
  const rest = data + 10 + length
  return {
    start,
    seconds: message.readUIntBE(data, 6),
    fudge: count(data + 6),
    mac: message.subarray(data + 10, rest),
    originalId: count(rest),
    error: count(rest + 2),
    other: message.subarray(rest + 6, rest + 6 + count(rest + 4))
  }
}

/** The message as it was before it was signed. */
export const unsigned = (message: Buffer, tsig: Tsig): Buffer =>
  withCount(message.subarray(0, tsig.start), -1, tsig.originalId)

/**
 * Whether the answers to a signed question, in their order, are from who has the key, and of now. One without a signature
 * is vouched for by the next signed one; the first and the last must be signed (RFC 8945, 5.3.1).
 */
export const areGenuine = (
  messages: ReadonlyArray<Buffer>,
  key: TsigKey,
  questionMac: Buffer,
  nowSeconds: number
): boolean => {
  let prior = questionMac
  let pending: ReadonlyArray<Buffer> = []
  for (const [index, message] of messages.entries()) {
    const tsig = findTsig(message)
    if (tsig === undefined) {
      if (index === 0) return false
      pending = [...pending, message]
      continue
    }
    const timers = index === 0 ? variables(key, tsig) : Buffer.concat([u48(tsig.seconds), u16(tsig.fudge)])
    const mac = macOf(key, [u16(prior.length), prior, ...pending, unsigned(message, tsig), timers])
    const same = mac.length === tsig.mac.length && timingSafeEqual(mac, tsig.mac)
    if (!same || Math.abs(nowSeconds - tsig.seconds) > tsig.fudge) return false
    prior = mac
    pending = []
  }
  return messages.length > 0 && pending.length === 0
}
