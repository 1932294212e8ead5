import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { healthPath } from "../../src/appspec/HealthPath.ts"

const accepted = [
  "/",
  "/health",
  "/health/",
  "/api/v1/health",
  "/.well-known/health",
  "/a..b",
  "/...",
  "/health.json",
  "/~user",
  "/%20",
  "/%C3%A4",
  "/a,b;c",
  `/${"a".repeat(254)}`
]

const hostile = [
  "",
  " ",
  "health",
  " /health",
  "/health ",
  "/a b",
  "//",
  "//evil.example",
  "//evil.example/health",
  "///evil.example",
  "/a//b",
  "/health//",
  "/\\evil.example",
  "\\\\evil.example",
  "/a\\b",
  "\\/evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "/\r\nHost: evil.example",
  "/health\n",
  "/\u0000",
  "/a\u0007",
  "/\u007F",
  "/\u0085",
  "/\u2028",
  "/health#x",
  "#",
  "/#@evil.example",
  "?",
  "/?x=1",
  "/health?@evil.example",
  "@169.254.169.254/",
  "@evil.example",
  ".evil.example",
  ":80@evil.example/",
  ":8080/",
  "http://evil.example/",
  "https://evil.example",
  "HTTPS:evil.example",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "data:,x",
  "..",
  "../health",
  "/..",
  "/../health",
  "/a/../b",
  "/a/..",
  "/.",
  "/./a",
  "/a/.",
  "/.//evil.example",
  "/%2e%2e/a",
  "/%2E./a",
  "/.%2e",
  "/a/%2e",
  "/%2f%2fevil.example",
  "/%5Cevil.example",
  "/%00",
  "/%0d%0aHost:evil.example",
  "/%7F",
  "/%",
  "/%zz",
  "/%2",
  "/a;$(id)",
  "/`id`",
  "/a|id",
  "/a&id",
  "/'",
  '/"',
  "/<script>",
  "/{a}",
  "/ä",
  "/①",
  "/\uFF0Fevil.example",
  "/\u202E",
  "/\uD800",
  `/${"a".repeat(255)}`
]

const stays = (path: string) => {
  for (const origin of ["https://app.example.com", "https://192.0.2.1:8443", "https://[2001:db8::1]"]) {
    const url = new URL(path, origin)
    assert.strictEqual(url.origin, origin)
    assert.strictEqual(url.href, `${origin}${path}`)
    assert.strictEqual(new URL(origin + path).href, `${origin}${path}`)
  }
}

describe("healthPath", () => {
  it.each(accepted)("%j stays on the origin, as it is", (path) => {
    assert.deepStrictEqual(healthPath(path), Either.right(path))
    stays(path)
  })

  it.each(hostile)("refuses %j", (path) => {
    assert.isTrue(Either.isLeft(healthPath(path)))
  })

  const piece = FastCheck.constantFrom(
    "/",
    "\\",
    ".",
    "%2e",
    "%2f",
    "%",
    "?",
    "#",
    "@",
    ":",
    "a",
    "ä",
    "\n",
    ";",
    "//",
    "..",
    "evil.example"
  )

  it.prop(
    "whatever is accepted stays on the origin, as it is",
    [FastCheck.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join("")}`)],
    ([path]) => {
      if (Either.isRight(healthPath(path))) stays(path)
    },
    { fastCheck: { numRuns: 2000 } }
  )
})
