import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { SandboxHandle } from "../../sandbox/SandboxHandle.ts"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import type { AnsweredRequest } from "../../sandbox/Gate.ts"
import { jsonLine } from "../../ui/Json.ts"
import { padEnd, truncate } from "../../ui/Layout.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import type { Style } from "../../ui/Style.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { Watch } from "../Watch.ts"

const port = (name: string, what: string) =>
  Flag.integer(name, { placeholder: "PORT", min: 1, max: 65_535, help: `where ${what} listens [a free one]` })

export const sandbox = define({
  name: "sandbox",
  about: [
    "Runs until interrupted, on 127.0.0.1 only. State is kept in its directory, so the next run goes on from there. Any client of Coolify or PowerDNS can work with it; `fabrik apply --sandbox` finds it by its directory."
  ],
  config: {
    port: port("port", "the Coolify API"),
    dnsPort: port("dns-port", "the name server"),
    dnsApiPort: port("dns-api-port", "the PowerDNS API"),
    edgePort: port("edge-port", "the HTTPS proxy"),
    server: Flag.texts("server", { placeholder: "NAME", kind: "Text", help: "a Coolify server to have" }),
    zone: Flag.texts("zone", { placeholder: "NAME", kind: "Text", help: "a DNS zone to have" }),
    fault: Flag.texts("fault", {
      placeholder: "RULE",
      kind: "Text",
      help: "fail on purpose, e.g. 'coolify POST /deploy status=500 x1'"
    }),
    dir: Shared.sandboxDir,
    verbose: Flag.toggle("verbose", { help: "show each request also where stderr is no terminal" }),
    ...Shared.screen
  },
  examples: [
    {
      line: "fabrik sandbox --server vps1 --zone example.com",
      says: "then, in another terminal: fabrik apply --sandbox app.yaml"
    },
    { line: "fabrik sandbox --port 8000 --fault 'dns PATCH /zones status=500'", says: "a world that fails" }
  ],
  handler: Effect.fn("command.sandbox")(function* (flags) {
    const seen = yield* Watch
    seen.onSignal = "stop"
    const known = yield* KnownSecrets
    const { err } = yield* Screen
    const watches = flags.verbose || (err.tty && !flags.quiet && !flags.json)
    const { serve } = yield* Effect.promise(() => import("../../sandbox/Attach.ts"))
    return yield* serve(
      {
        dir: flags.dir ?? Shared.defaultSandboxDir,
        ...(watches
          ? { onRequest: (entry: AnsweredRequest) => err.write(renderRequest(entry, err.style)) }
          : {}),
        faults: flags.fault,
        seed: {
          zones: flags.zone,
          ...(flags.server.length === 0 ? {} : { servers: flags.server })
        },
        ports: {
          ...(flags.port === undefined ? {} : { coolify: flags.port }),
          ...(flags.dnsPort === undefined ? {} : { dns: flags.dnsPort }),
          ...(flags.dnsApiPort === undefined ? {} : { dnsApi: flags.dnsApiPort }),
          ...(flags.edgePort === undefined ? {} : { edge: flags.edgePort })
        }
      },
      (handle) =>
        // Somebody who has exported them from an earlier run is to read them again.
        Effect.forEach([handle.token, handle.dnsApiKey], (key) => known.show(Redacted.make(key))).pipe(
          Effect.zipRight(
            Say.result(flags.json ? [jsonLine(facts(handle))] : describe(handle, flags.dir, watches))
          )
        )
    )
  }, Effect.scoped)
})

const facts = (handle: SandboxHandle) => ({
  type: "Sandbox",
  apiUrl: handle.apiUrl,
  token: handle.token,
  dnsServer: `${handle.dnsServer.host}:${handle.dnsServer.port}`,
  dnsApiUrl: handle.dnsApiUrl,
  dnsApiKey: handle.dnsApiKey,
  edge: `${handle.edge.host}:${handle.edge.port}`,
  caFile: handle.caFile,
  dir: handle.dir
})

const quoted = (word: string): string =>
  /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/** Commands stand alone in their lines, so that they can be copied as they are. */
const describe = (
  handle: SandboxHandle,
  dir: string | undefined,
  watches: boolean
): ReadonlyArray<string> => {
  const { apiUrl, token, dnsServer, dnsApiUrl, dnsApiKey, edge, caFile } = facts(handle)
  const at = dir === undefined ? "" : ` --sandbox-dir ${quoted(dir)}`
  return [
    "The sandbox is ready.",
    "",
    `  Coolify API   ${apiUrl}`,
    `  token         ${token}`,
    `  name server   ${dnsServer}`,
    `  PowerDNS API  ${dnsApiUrl}`,
    `  API key       ${dnsApiKey}`,
    `  HTTPS proxy   ${edge}`,
    `  CA file       ${caFile}`,
    "",
    "In another terminal, in this folder:",
    "",
    `fabrik new -t node-api -o app.yaml`,
    `fabrik apply --sandbox${at} app.yaml`,
    `fabrik list --sandbox${at}`,
    `fabrik destroy --sandbox${at} app.yaml`,
    "",
    "Visit what is deployed at its domain, e.g. node-api.example.com:",
    "",
    `curl --cacert ${quoted(caFile)} --connect-to ::${edge} https://node-api.example.com/`,
    "",
    "For another client of Coolify or PowerDNS:",
    "",
    `export COOLIFY_ENDPOINT=${apiUrl}`,
    `export COOLIFY_URL=${apiUrl}`,
    `export COOLIFY_TOKEN='${token}'`,
    `export PDNS_API_URL=${dnsApiUrl}`,
    `export PDNS_API_KEY=${dnsApiKey}`,
    "",
    ...(watches ? ["Its requests are shown here."] : []),
    "Stop it with Ctrl-C."
  ]
}

/** One line, in columns: neither headers nor bodies, and what is known to be secret is masked as everywhere. */
const renderRequest = (
  { api, at, fault, method, millis, path, status }: AnsweredRequest,
  style: Style
): string => {
  const time = new Date(at).toISOString().slice(11, 19)
  const head = `${time}  ${padEnd(method, 6)}`
  const tail = `${status === 0 ? "---" : status}  ${String(Math.round(millis)).padStart(5)} ms`
  const room = Math.max(style.columns - head.length - tail.length - 4, 12)
  const shown = `${api === "dns" ? "dns " : ""}${clean(path.replace(/^\/api\/v1(?=\/)/, ""))}`
  const line = `${head}  ${padEnd(truncate(shown, room, style.ellipsis), room)}  ${tail}${fault === undefined ? "" : `  ${fault}`}`
  return `${status === 0 || status >= 500 ? style.red(line) : status >= 400 ? style.yellow(line) : style.dim(line)}\n`
}
