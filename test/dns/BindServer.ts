/** A real BIND on a free loopback port, for as long as a scope lasts. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { spawn, spawnSync } from "node:child_process"
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TsigKey } from "../../src/dns/rfc2136/Tsig.ts"
import { ask } from "../../src/dns/rfc2136/Stream.ts"
import { encodeName, u16 } from "../../src/dns/rfc2136/Tsig.ts"
import { freeDnsPort } from "./PowerDnsServer.ts"

const environment = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` }
const program = "named"
const nobody = 65534

/** Whether `named` can be started here (Debian's package bind9). */
export const hasBind = spawnSync(program, ["-V"], { env: environment }).status === 0

const conf = (directory: string, port: number, key: TsigKey, zones: ReadonlyArray<string>) => `
key "${key.name}" { algorithm ${key.algorithm}; secret "${Redacted.value(key.secret)}"; };
controls { };
options { directory "${directory}"; pid-file "${directory}/named.pid"; session-keyfile "${directory}/session.key";
  managed-keys-directory "${directory}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  check-names primary ignore; recursion no; dnssec-validation no; notify no; allow-query { 127.0.0.1; }; allow-transfer { key "${key.name}"; }; };
${zones.map((zone) => `zone "${zone}" { type primary; file "${directory}/${zone}.zone"; update-policy { grant "${key.name}" zonesub ANY; }; };`).join("\n")}
`

const zoneFile = (zone: string) =>
  `$TTL 60\n@ IN SOA ns1.${zone}. hostmaster.${zone}. 1 60 60 3600 60\n@ IN NS ns1.${zone}.\nns1 IN A 127.0.0.1\n`

export class BindServer extends Context.Tag("fabrik/test/dns/BindServer")<
  BindServer,
  { readonly port: number }
>() {}

/** With these zones, each open to the key for updates and transfers. */
export const layerBindServer = (key: TsigKey, zones: ReadonlyArray<string>) =>
  Layer.scoped(
    BindServer,
    Effect.gen(function* () {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "fabrik-bind-"))),
        (created) => Effect.sync(() => rmSync(created, { recursive: true, force: true }))
      )
      const port = yield* freeDnsPort
      const asRoot = process.getuid?.() === 0
      writeFileSync(join(directory, "named.conf"), conf(directory, port, key, zones))
      for (const zone of zones) writeFileSync(join(directory, `${zone}.zone`), zoneFile(zone))
      if (asRoot) {
        for (const file of ["", "named.conf", ...zones.map((zone) => `${zone}.zone`)]) {
          chownSync(join(directory, file), nobody, nobody)
        }
      }
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(program, ["-g", "-c", join(directory, "named.conf"), "-n", "1"], {
            stdio: "ignore",
            env: environment,
            ...(asRoot ? { uid: nobody, gid: nobody } : {})
          })
        ),
        (child) =>
          Effect.async<void>((resume) => {
            if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
            child.once("exit", () => resume(Effect.void))
            child.kill("SIGTERM")
          })
      )
      const soa = Buffer.concat([
        Buffer.concat([7, 0, 1, 0, 0, 0].map(u16)),
        encodeName(zones[0] ?? ""),
        u16(6),
        u16(1)
      ])
      yield* ask({ host: "127.0.0.1", port }, soa, () => true).pipe(
        Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.intersect(Schedule.recurs(200)))),
        Effect.orDie
      )
      return { port }
    })
  )
