import { assert, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { RrSet, Zones } from "../../../src/dns/powerdns/Wire.ts"

const zone = (id: string) => Schema.decodeUnknownOption(Zones)([{ id, name: "example.test." }])

it.each(["example.test.", "=2E", "0=2F26.2.0.192.in-addr.arpa.", "example.test..internal"])(
  "%s is the id of a zone",
  (id) => assert.isTrue(Option.isSome(zone(id)))
)

it.each(["", ".", "..", "../..", "a/b", "a%2Fb", "a?b", "a b", "a\n", "ü"])("%j is no id of a zone", (id) =>
  assert.isTrue(Option.isNone(zone(id)))
)

it.each([-1, 1.5, Infinity])("%d is no TTL", (ttl) =>
  assert.isTrue(Option.isNone(Schema.decodeUnknownOption(RrSet)({ name: "a.", type: "A", ttl, records: [] })))
)
