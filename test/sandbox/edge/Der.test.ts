import { X509Certificate } from "node:crypto"
import { assert, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import {
  expiryOf,
  isUsable,
  issue,
  makeAuthority,
  makeDefault
} from "../../../src/sandbox/edge/Certificate.ts"
import * as Der from "../../../src/sandbox/edge/Der.ts"

const hex = (buffer: Buffer): string => buffer.toString("hex")

it("encodes as X.690 has it", () => {
  assert.strictEqual(hex(Der.objectId("1.2.840.10045.4.3.2")), "06082a8648ce3d040302")
  assert.strictEqual(hex(Der.objectId("2.5.29.17")), "0603551d11")
  assert.strictEqual(hex(Der.integer(Buffer.from([0]))), "020100")
  assert.strictEqual(hex(Der.integer(Buffer.from([0, 0, 0x7f]))), "02017f")
  assert.strictEqual(hex(Der.integer(Buffer.from([0x80]))), "02020080")
  assert.strictEqual(hex(Der.boolean(true)), "0101ff")
  assert.strictEqual(hex(Der.bitString(Buffer.from([6]), 1)), "03020106")
  assert.strictEqual(
    Der.time(Date.UTC(2049, 11, 31, 23, 59, 59))
      .toString("latin1")
      .slice(2),
    "491231235959Z"
  )
  assert.strictEqual(
    Der.time(Date.UTC(2050, 0, 1))
      .toString("latin1")
      .slice(2),
    "20500101000000Z"
  )
  for (const [size, header] of [
    [127, "047f"],
    [128, "048180"],
    [255, "0481ff"],
    [256, "04820100"]
  ] as const) {
    assert.strictEqual(hex(Der.octetString(Buffer.alloc(size)).subarray(0, header.length / 2)), header)
  }
})

it("issues what OpenSSL verifies, for any host and time", () => {
  const authority = makeAuthority(Date.UTC(2026, 0, 1))
  const root = new X509Certificate(authority.certificate)
  const label = FastCheck.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/)
  const host = FastCheck.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join("."))
  const time = FastCheck.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2060, 0, 1) })
  FastCheck.assert(
    FastCheck.property(host, time, (name, now) => {
      const made = issue(authority, name, now)
      const certificate = new X509Certificate(made.certificate)
      assert.isTrue(isUsable(made))
      assert.isTrue(certificate.verify(root.publicKey))
      assert.isTrue(certificate.checkIssued(root))
      assert.strictEqual(certificate.checkHost(name), name)
      assert.isUndefined(certificate.checkHost(`x${name}`))
      assert.strictEqual(expiryOf(made.certificate), Math.floor(now / 1000) * 1000 + 90 * 86_400_000)
    }),
    { numRuns: 50 }
  )
})

it("two authorities are strangers, and a key fits its own certificate only", () => {
  const [one, other] = [makeAuthority(0), makeDefault(0)]
  assert.isFalse(isUsable({ key: one.key, certificate: other.certificate }))
  assert.isFalse(isUsable({ key: "", certificate: one.certificate }))
  const leaf = new X509Certificate(issue(one, "a.test", 0).certificate)
  assert.isFalse(leaf.verify(new X509Certificate(makeAuthority(0).certificate).publicKey))
})
