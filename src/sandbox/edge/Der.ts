/** As much of ASN.1 DER as an X.509 certificate needs (ITU-T X.690). */

const element = (tag: number, ...contents: ReadonlyArray<Uint8Array>): Buffer => {
  const body = Buffer.concat(contents)
  const size = body.length
  if (size < 0x80) return Buffer.concat([Buffer.from([tag, size]), body])
  const bytes = size < 0x100 ? [size] : [size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), body])
}

export const sequence = (...items: ReadonlyArray<Uint8Array>): Buffer => element(0x30, ...items)
export const set = (...items: ReadonlyArray<Uint8Array>): Buffer => element(0x31, ...items)
export const octetString = (bytes: Uint8Array): Buffer => element(0x04, bytes)
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]))
export const utf8String = (text: string): Buffer => element(0x0c, Buffer.from(text, "utf8"))

/** Big-endian, not negative: a leading zero is put where the first bit is set, and dropped where it is not. */
export const integer = (bytes: Uint8Array): Buffer => {
  const start = bytes.findIndex((byte) => byte !== 0)
  const digits = start === -1 ? Buffer.from([0]) : Buffer.from(bytes.subarray(start))
  return (digits[0] ?? 0) & 0x80 ? element(0x02, Buffer.from([0]), digits) : element(0x02, digits)
}

/** `unused`: bits at the end that do not count. */
export const bitString = (bytes: Uint8Array, unused = 0): Buffer =>
  element(0x03, Buffer.from([unused]), bytes)

/** `[n]` around a complete element. */
export const explicit = (n: number, item: Uint8Array): Buffer => element(0xa0 | n, item)

/** `[n]` in place of the tag of a string type. */
export const implicit = (n: number, bytes: Uint8Array): Buffer => element(0x80 | n, bytes)

export const objectId = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const base128 = (arc: number): ReadonlyArray<number> =>
    arc < 0x80 ? [arc] : [...base128(Math.floor(arc / 0x80)).map((byte) => byte | 0x80), arc & 0x7f]
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

/** UTCTime up to 2049, then GeneralizedTime (RFC 5280 section 4.1.2.5). */
export const time = (millis: number): Buffer => {
  const digits = `${new Date(millis).toISOString().slice(0, 19).replaceAll(/[-T:]/g, "")}Z`
  return digits < "2050" ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits))
}
