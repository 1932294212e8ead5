/** What a command says of the waits that it has outside of a run. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { startHere } from "../support/InThisProcess.ts"

let asked = 0
const server = createServer((_, answer) => {
  asked += 1
  const isFirst = asked === 1
  answer.writeHead(isFirst ? 429 : 200, {
    "content-type": "application/json",
    "x-ratelimit-limit": "200",
    "x-ratelimit-remaining": isFirst ? "0" : "199",
    ...(isFirst ? { "retry-after": "1" } : {})
  })
  answer.end(isFirst ? JSON.stringify({ message: "Too Many Attempts." }) : "[]")
})
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve)))
afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())))

describe("a command that only reads", () => {
  it("says that Coolify's limit is reached, waits, and goes on", async () => {
    const { port } = server.address() as AddressInfo
    const { done, output } = startHere(["list"], {
      env: { COOLIFY_URL: `http://127.0.0.1:${port}`, COOLIFY_TOKEN: "1|some-secret-token" }
    })
    assert.strictEqual(await done, 0, output.err)
    assert.include(output.err, "Coolify takes no more calls for now; again in 1.0 s")
    assert.isAbove(asked, 1)
  })
})
