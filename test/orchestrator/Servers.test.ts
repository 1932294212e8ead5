import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { observe } from "../../src/orchestrator/Observe.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { server, spec, zone } from "./Samples.ts"

const refusal = (wanted: string | undefined) =>
  Effect.flip(observe({ ...spec, server: wanted }, { skipDns: true })).pipe(
    Effect.map(({ message }) => message),
    Effect.provide(
      Layer.mergeAll(
        secretMemory(),
        coolifyMemory({
          servers: [
            { ...server, uuid: "a1", name: "vps", ip: "192.0.2.1" },
            { ...server, uuid: "b2", name: "vps", ip: "192.0.2.2" },
            { ...server, uuid: "c3", name: "other", ip: "192.0.2.3" }
          ]
        }),
        dnsMemory([zone])
      )
    )
  )

describe("servers of one name", () => {
  it.effect("are told apart by uuid and address", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* refusal("vps"),
        "several servers match vps: vps (a1, 192.0.2.1), vps (b2, 192.0.2.2)"
      )
      assert.strictEqual(
        yield* refusal(undefined),
        "Coolify has several servers: vps (a1, 192.0.2.1), vps (b2, 192.0.2.2), other"
      )
      assert.match(yield* refusal("x"), /it has: vps \(a1, 192\.0\.2\.1\), vps \(b2, 192\.0\.2\.2\), other/)
    })
  )
})
