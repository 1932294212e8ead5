/** Traces and metrics of one command, sent when it has ended. Loaded only where the environment asks for them. */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import * as os from "node:os"
import { RequestListener } from "../http/RequestListener.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { makeCollector } from "../telemetry/Collector.ts"
import { encodeMetrics, encodeTraces } from "../telemetry/Otlp.ts"
import { type Signal, telemetrySettings } from "../telemetry/Settings.ts"
import { ExitCode } from "./ExitCode.ts"
import { http } from "./LiveLayers.ts"
import { type ProxySettings, proxySettings } from "./Proxy.ts"
import * as Say from "./Say.ts"
import { version } from "./Version.ts"
import { codeOfInterrupted, Watch } from "./Watch.ts"

/** Somebody who has interrupted the command waits for its end and not for a collector. Milliseconds. */
const patience = 2000

/** The command with all that it does told to the collector of the environment; its end is its own, whatever that says. */
export const traced = Effect.fn("traced")(function* <E, R>(
  running: Effect.Effect<ExitCode, E, R>,
  { command, env }: { readonly command: string; readonly env: Readonly<Record<string, string | undefined>> }
) {
  const settings = telemetrySettings(env)
  for (const warning of settings.warnings) yield* Say.warn(warning)
  const { metrics, parent, temporality, traces } = settings
  if (traces === undefined && metrics === undefined) return yield* running
  const seen = yield* Watch
  const { hide } = yield* KnownSecrets
  const began = yield* Clock.currentTimeMillis
  const newId = (digits: 16 | 32) => randomBytes(digits / 2).toString("hex")
  const collector = makeCollector({ command, began, parent, newId })
  seen.process.telemetry = collector.event
  const proxy = yield* Effect.orElseSucceed(proxySettings, () => undefined)
  const finish = Effect.fnUntraced(function* (exit: Exit.Exit<ExitCode, E>) {
    const ended = yield* Clock.currentTimeMillis
    const interrupted = Exit.isFailure(exit) && Exit.isInterrupted(exit)
    const code = Exit.isSuccess(exit) ? exit.value : interrupted ? codeOfInterrupted(seen) : ExitCode.bug
    const collected = collector.end(ended, code)
    const facts = {
      resource: new Map<string, string | number>([
        ["service.version", version],
        ["process.pid", process.pid],
        ["process.runtime.name", "nodejs"],
        ["process.runtime.version", process.versions.node],
        ["host.name", os.hostname()],
        ...settings.resource
      ]),
      version,
      hide
    }
    const millis = interrupted ? Math.min(settings.timeoutMillis, patience) : settings.timeoutMillis
    const sends = [
      ...(traces === undefined ? [] : [send(traces, encodeTraces(collected, facts), proxy, millis)]),
      ...(metrics === undefined
        ? []
        : [send(metrics, encodeMetrics(collected, { ...facts, began, ended, temporality }), proxy, millis)])
    ]
    yield* Effect.all(sends, { concurrency: "unbounded", discard: true })
  })
  return yield* running.pipe(
    Effect.provideService(RequestListener, { hear: collector.request }),
    Effect.onExit(finish)
  )
})

/** Never fails: what does not arrive is told once. */
const send = Effect.fn("telemetry.send")(function* (
  { headers, url }: Signal,
  body: string,
  proxy: ProxySettings | undefined,
  millis: number
) {
  const { host } = new URL(url)
  const request = HttpClientRequest.post(url, {
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Redacted.value(value)])
    ),
    body: HttpBody.text(body, "application/json")
  })
  const sent = Effect.gen(function* () {
    const { execute } = HttpClient.withTracerPropagation(yield* HttpClient.HttpClient, false)
    const { status } = yield* execute(request)
    return status >= 200 && status < 300 ? undefined : `it answers ${status}`
  }).pipe(
    Effect.scoped,
    Effect.provide(http(proxy)),
    Effect.catchAll(({ reason }) => Effect.succeed(`there is no answer (${reason})`)),
    Effect.interruptible,
    Effect.timeoutTo({
      duration: millis,
      onSuccess: (why) => why,
      onTimeout: () => `there is no answer within ${millis / 1000} s`
    })
  )
  const why = yield* sent
  if (why !== undefined) yield* Say.warn(`telemetry could not be sent to ${host}: ${why}`)
})
