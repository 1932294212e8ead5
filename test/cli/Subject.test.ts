/** A domain on the command line means what it means in a spec, whatever form it is written in. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { domainOf, isDomain } from "../../src/cli/Subject.ts"

describe("a domain on the command line", () => {
  it.effect.each([
    { written: "shop.example.com", domain: "shop.example.com" },
    { written: "Shop.Example.COM.", domain: "shop.example.com" },
    { written: "BÜCHER.Example.com", domain: "xn--bcher-kva.example.com" }
  ])("$written is $domain", ({ domain, written }) =>
    Effect.gen(function* () {
      assert.isTrue(isDomain(written))
      assert.strictEqual(yield* domainOf(written, "verify"), domain)
    })
  )

  it.effect.each([
    { written: "https://shop.example.com/", why: "write `shop.example.com`" },
    { written: "192.0.2.1", why: "not an IP address" },
    { written: "*.example.com", why: "wildcard" },
    { written: "shop..example.com", why: "two dots" },
    { written: "shop.example.com:8443", why: "no port" }
  ])("$written is refused: $why", ({ why, written }) =>
    Effect.gen(function* () {
      assert.isTrue(isDomain(written))
      assert.include((yield* Effect.flip(domainOf(written, "verify"))).message, why)
    })
  )

  it("is told from the path of a spec", () => {
    for (const path of ["app.yaml", "./app.example.com", "specs/shop.example.com", "app.json", "app"]) {
      assert.isFalse(isDomain(path), path)
    }
  })
})
