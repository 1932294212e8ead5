import { assert, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { CloudflareRecord, Zone } from "../../../src/dns/cloudflare/Wire.ts"

const record = {
  id: "372e67954025e0ba6aaa6d586b9e0b59",
  name: "a.test",
  type: "A",
  content: "192.0.2.1",
  ttl: 1
}

it.each(["", ".", "..", "../..", "a/b", "a%2Fb", "a?b", "a b", "a\n", "ü", "x".repeat(65)])(
  "%j is no id",
  (id) => {
    assert.isTrue(Option.isNone(Schema.decodeUnknownOption(Zone)({ id, name: "a.test" })))
    assert.isTrue(Option.isNone(Schema.decodeUnknownOption(CloudflareRecord)({ ...record, id })))
  }
)

it.each([-1, 1.5, Infinity])("%d is no TTL", (ttl) =>
  assert.isTrue(Option.isNone(Schema.decodeUnknownOption(CloudflareRecord)({ ...record, ttl })))
)

it("takes what Cloudflare sends", () => {
  assert.isTrue(Option.isSome(Schema.decodeUnknownOption(CloudflareRecord)(record)))
  assert.isTrue(Option.isSome(Schema.decodeUnknownOption(Zone)({ id: record.id, name: "a.test" })))
})
