import { assert, describe, it } from "@effect/vitest"
import type { Redirect } from "../../src/health/Redirect.ts"
import { redirectAdvice } from "../../src/ui/RedirectAdvice.ts"

const advice = (changes: Partial<Redirect>) => {
  const { cause, next } = redirectAdvice(
    {
      kind: "path",
      location: "https://app.example.com/health/",
      host: "app.example.com",
      target: "/health/",
      path: "/health/",
      cloudflare: false,
      endsWith: undefined,
      ...changes
    },
    { host: "app.example.com", stage: "name" }
  )
  return `${cause} ${next}`
}

describe("the advice for a redirect", () => {
  it("fits where it leads", () => {
    assert.match(advice({ endsWith: 200 }), /answers 200 in the end.*`healthcheck.path: \/health\/`/)
    assert.match(advice({ path: undefined }), /a `healthcheck.path` that answers without a redirect/)
    assert.match(advice({ kind: "host", host: "www.example.com" }), /`domain: www\.example\.com`/)
    assert.match(advice({ kind: "insecure" }), /to plain http.*X-Forwarded-Proto/)
    assert.match(advice({ kind: "loop", cloudflare: true }), /mode Flexible.*Full \(strict\)/)
    assert.notMatch(advice({ kind: "loop" }), /Cloudflare/)
    assert.match(advice({ kind: "nowhere" }), /`healthcheck.status`/)
  })
})
