import { assert, describe, it } from "@effect/vitest"
import { generate, routes } from "../../../src/sandbox/coolify/Labels.ts"

const uuid = "ffcdqtxkjxmkokjwz8si0v5y"
const labelsOf = (redirect: string) =>
  generate(uuid, {
    fqdn: "https://lab.rec.example.com,https://www.lab.rec.example.com",
    redirect,
    ports_exposes: "9090"
  }) ?? ""

describe("proxy labels", () => {
  it("redirect as recorded of 4.3.11", () => {
    const lines = Buffer.from(labelsOf("non-www"), "base64").toString("utf8").split("\n")
    const of = `traefik.http.middlewares.1-${uuid}-to-non-www.redirectregex`
    for (const line of [
      `${of}.permanent=false`,
      `${of}.regex=^(http|https)://www\\.(.+)`,
      `${of}.replacement=\${1}://\${2}`,
      `traefik.http.routers.https-1-${uuid}.middlewares=1-${uuid}-to-non-www`,
      `traefik.http.routers.https-1-${uuid}.rule=Host(\`www.lab.rec.example.com\`) && PathPrefix(\`/\`)`
    ]) {
      assert.include(lines, line)
    }
    assert.isFalse(lines.some((line) => line.startsWith(`traefik.http.routers.https-0-${uuid}.middlewares`)))
  })

  it("are the proxy's routes, with where they lead", () => {
    const led = (redirect: string) =>
      routes(labelsOf(redirect)).map(({ host, redirect: to }) => [host, to ?? null])
    assert.deepStrictEqual(led("both"), [
      ["lab.rec.example.com", null],
      ["www.lab.rec.example.com", null]
    ])
    assert.deepStrictEqual(led("www"), [
      ["lab.rec.example.com", "www"],
      ["www.lab.rec.example.com", null]
    ])
    assert.deepStrictEqual(led("non-www"), [
      ["lab.rec.example.com", null],
      ["www.lab.rec.example.com", "non-www"]
    ])
  })
})
