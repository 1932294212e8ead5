/**
 * A sandbox in a process of its own: what `fabrik sandbox` serves, but with Coolify's limit of requests lifted, which a
 * hundred runs a minute would meet, and with the pace that the test asks for. Bundled and started by ProcessBench.
 */
import * as Effect from "effect/Effect"
import process from "node:process"
import { serve } from "../../src/sandbox/Attach.ts"

// Nobody is left to serve once the test has gone, however it went.
process.stdin.on("end", () => process.exit(0)).resume()

const [dir = "", zone = "", latency = "{}"] = process.argv.slice(2)

void Effect.runPromise(
  serve({ dir, seed: { zones: [zone] }, rateLimit: 1_000_000, latency: JSON.parse(latency) }, (handle) =>
    Effect.sync(() => {
      const { apiUrl, dnsApiKey, dnsApiUrl, edge, token, caPem } = handle
      process.stdout.write(`${JSON.stringify({ apiUrl, dnsApiKey, dnsApiUrl, edge, token, caPem })}\n`)
    })
  )
)
