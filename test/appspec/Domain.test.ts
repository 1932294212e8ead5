import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import {
  asciiDomain,
  asciiSite,
  hostsOf,
  liveDomainProblem,
  pathAt,
  siteOf
} from "../../src/appspec/Domain.ts"

const accepted: ReadonlyArray<readonly [string, string]> = [
  ["test-api.example.com", "test-api.example.com"],
  ["EXAMPLE.com", "example.com"],
  ["example.com.", "example.com"],
  ["bücher.de", "xn--bcher-kva.de"],
  ["faß.de", "xn--fa-hia.de"],
  ["пример.рф", "xn--e1afmkfd.xn--p1ai"],
  ["例え。テスト", "xn--r8jz45g.xn--zckzah"],
  ["ｅｘａｍｐｌｅ.com", "example.com"],
  ["xn--bcher-kva.de", "xn--bcher-kva.de"],
  ["1.example.com", "1.example.com"],
  ["1e100.net", "1e100.net"],
  ["r3---sn.example.com", "r3---sn.example.com"],
  ["app.localhost", "app.localhost"],
  [`${"a".repeat(63)}.com`, `${"a".repeat(63)}.com`],
  [`${"a.".repeat(125)}com`, `${"a.".repeat(125)}com`]
]

const refused: ReadonlyArray<readonly [string, RegExp]> = [
  ["", /not a valid host name/],
  [".", /not a valid host name/],
  ["com", /at least two parts/],
  ["localhost", /at least two parts/],
  ["localhost.", /at least two parts/],
  ["https://example.com", /no scheme/],
  ["https://example.com/x", /no scheme/],
  ["ssh://example.com", /no scheme/],
  ["//example.com", /no path/],
  ["example.com/", /no path/],
  ["example.com\\x", /no path/],
  ["example.com?x", /no path/],
  ["example.com#x", /no path/],
  ["user@example.com", /no user/],
  ["user:hunter2@example.com", /no user/],
  ["https://user:hunter2@example.com", /no user/],
  ["example.com:443", /no port/],
  ["example.com:", /no port/],
  ["*.example.com", /wildcard/],
  ["a.*.com", /wildcard/],
  ["my_app.example.com", /underscore/],
  ["-a.example.com", /hyphen/],
  ["a-.example.com", /hyphen/],
  ["a..com", /two dots/],
  [".example.com", /two dots/],
  ["example.com..", /two dots/],
  ["exa mple.com", /spaces/],
  ["example.com\n", /spaces/],
  ["exa\tmple.com", /spaces/],
  ["ex%61mple.com", /cannot contain `%`/],
  ["example.com;id", /cannot contain `;`/],
  ["$(id).example.com", /cannot contain/],
  ["ex\u00ADample.com", /cannot contain/],
  ["ex\u200Bample.com", /cannot contain/],
  ["ex\u202Eample.com", /cannot contain/],
  ["\uFEFFexample.com", /spaces|cannot contain/],
  ["xn--a.com", /not a valid host name/],
  ["xn--.com", /not a valid host name/],
  ["\u0301a.com", /not a valid host name/],
  ["example.c", /no top-level domain/],
  ["example.1e3", /no top-level domain/],
  ["192.0.2.1", /not an IP address/],
  ["192.0.2.1.", /not an IP address/],
  ["192.168.1", /not an IP address/],
  ["127.1", /not an IP address/],
  ["2130706433", /not an IP address/],
  ["0x7f.1", /not an IP address/],
  ["0x7f000001", /not an IP address/],
  ["0177.0.0.1", /not an IP address/],
  ["①②⑦.⓪.⓪.①", /not an IP address/],
  ["１２７.0.0.1", /not an IP address/],
  ["127。0。0。1", /not an IP address/],
  ["1.2.3.4.5", /not an IP address/],
  ["example.08", /not an IP address/],
  ["example.0x", /not an IP address/],
  ["::1", /not an IP address/],
  ["[::1]", /not an IP address/],
  ["2001:db8::1", /not an IP address/],
  ["::ffff:127.0.0.1", /not an IP address/],
  [`${"a".repeat(64)}.com`, /longer than 63/],
  [`${"ü".repeat(60)}.com`, /longer than 63/],
  [`${"a.".repeat(126)}com`, /longer than 253/]
]

describe("asciiDomain", () => {
  it.each(accepted)("%j is %j", (input, name) => {
    assert.deepStrictEqual(asciiDomain(input), Either.right(name))
  })

  it.each(refused)("refuses %j", (input, message) => {
    const result = asciiDomain(input)
    assert.isTrue(Either.isLeft(result), JSON.stringify(result))
    const complaint = Either.getOrThrow(Either.flip(result))
    assert.match(complaint.message, message)
    assert.notInclude(`${complaint.message} ${complaint.hint}`, "hunter2")
  })

  it("suggests the host of an address", () => {
    const result = Either.flip(asciiDomain("https://app.example.com/health"))
    assert.strictEqual(Either.getOrThrow(result).hint, "write `app.example.com`")
  })

  it.prop(
    "what comes out is a host name that a URL keeps, and is its own normal form",
    [
      FastCheck.oneof(
        FastCheck.string({ unit: "binary" }),
        FastCheck.domain(),
        FastCheck.webAuthority(),
        FastCheck.ipV4(),
        FastCheck.ipV6()
      )
    ],
    ([input]) => {
      const result = asciiDomain(input)
      if (Either.isLeft(result)) return
      assert.match(result.right, /^(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/)
      assert.strictEqual(new URL(`https://${result.right}/`).hostname, result.right)
      assert.deepStrictEqual(asciiDomain(result.right), result)
    },
    { fastCheck: { numRuns: 500 } }
  )

  it.prop("takes every well-formed domain", [FastCheck.domain()], ([input]) => {
    assert.deepStrictEqual(asciiDomain(input.toUpperCase()), Either.right(input.toLowerCase()))
  })
})

describe("liveDomainProblem", () => {
  it.each([
    "a.test",
    "a.example",
    "a.invalid",
    "a.localhost",
    "a.local",
    "a.internal",
    "a.onion",
    "a.home.arpa",
    "a.lan"
  ])("%s never goes live", (domain) => {
    assert.match(liveDomainProblem(domain) ?? "", /reserved/)
  })

  it.each(["example.com", "test.example.com", "test.dev", "local.io", "xn--bcher-kva.de"])(
    "%s may",
    (domain) => {
      assert.isUndefined(liveDomainProblem(domain))
    }
  )
})

describe("a site", () => {
  it.each([
    ["Example.com/API/v1", "example.com/API/v1"],
    ["bücher.de/a.b_c~d-e", "xn--bcher-kva.de/a.b_c~d-e"],
    ["example.com", "example.com"]
  ])("%s", (given, site) => {
    assert.strictEqual(Either.getOrThrow(asciiSite(given)), site)
  })

  it.each([
    ["example.com/", /does not end in a slash/],
    ["example.com/a/", /does not end in a slash/],
    ["example.com//a", /no path of a domain/],
    ["example.com/../a", /no path of a domain/],
    ["example.com/a b", /no path of a domain/],
    ["example.com/a`) || Host(`b", /no path of a domain/],
    ["example.com/a,b", /no path of a domain/],
    ["example.com/ä", /no path of a domain/],
    ["example.com/a?b", /no path/],
    ["example.com:80/a", /no port|no path/],
    ["//example.com", /no path/],
    ["https://example.com/a", /no scheme/],
    ["*.example.com/a", /Coolify takes none/]
  ])("%s is refused", (given, message) => {
    assert.match(Either.getOrThrow(Either.flip(asciiSite(given))).message, message)
  })

  it("has one record for each host, and its application's paths below its own", () => {
    assert.deepStrictEqual(hostsOf(["a.com", "a.com/x", "b.com/y/z"]), ["a.com", "b.com"])
    assert.deepStrictEqual(siteOf("b.com/y/z"), { host: "b.com", path: "/y/z" })
    const at = (path: string) => pathAt(siteOf("b.com/y"), path)
    assert.deepStrictEqual([at("/"), at("/health"), at("/?a=/")], ["/y", "/y/health", "/y/?a=/"])
    assert.strictEqual(pathAt(siteOf("b.com"), "/"), "/")
  })
})
