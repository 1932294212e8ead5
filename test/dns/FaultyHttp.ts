/** An HTTP client to a real server, some of whose writes meet a fault. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Fault as ContractFault } from "../contract/DnsClientContract.ts"

type Fault = Omit<ContractFault, "meanwhile"> & { readonly meanwhile: Effect.Effect<void> }

export class HttpFaults extends Context.Tag("fabrik/test/dns/FaultyHttp/HttpFaults")<
  HttpFaults,
  {
    readonly client: HttpClient.HttpClient
    readonly fail: (fault: Fault) => Effect.Effect<void>
    readonly calm: Effect.Effect<void>
    readonly writes: Effect.Effect<number>
  }
>() {}

/** What is no GET is a write. */
export const layerHttpFaults = Layer.effect(
  HttpFaults,
  Effect.map(HttpClient.HttpClient, (real) => {
    const faults: Array<Fault> = []
    let writes = 0
    const client = HttpClient.make((request) => {
      if (request.method === "GET") return real.execute(request)
      writes += 1
      const [fault] = faults
      if (fault === undefined) return real.execute(request)
      if (fault.after > 0) {
        faults[0] = { ...fault, after: fault.after - 1 }
        return real.execute(request)
      }
      faults.shift()
      const broken = new HttpClientError.RequestError({
        request,
        reason: "Transport",
        cause: { code: "ECONNRESET" }
      })
      const answer = (status: number) =>
        HttpClientResponse.fromWeb(
          request,
          new Response(JSON.stringify({ error: "as the test says" }), {
            status,
            headers: { "retry-after": "0" }
          })
        )
      const { how, meanwhile } = fault
      switch (how) {
        case "lost":
          return real.execute(request).pipe(Effect.zipRight(meanwhile), Effect.zipRight(Effect.fail(broken)))
        case "dropped":
          return Effect.zipRight(meanwhile, Effect.fail(broken))
        case "refused":
        case "too many":
          return Effect.as(meanwhile, answer(how === "refused" ? 403 : 429))
      }
    })
    return {
      client,
      fail: (fault) => Effect.sync(() => void faults.push(fault)),
      calm: Effect.sync(() => void (faults.length = 0)),
      writes: Effect.sync(() => writes)
    }
  })
)
