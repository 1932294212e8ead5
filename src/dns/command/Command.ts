/**
 * A provider that a program speaks to. It is started for each request, which it gets as one line of JSON on its standard
 * input, and answers with one JSON value on its standard output:
 *
 * - `{"version":1,"method":"zones"}`: `{"zones":[{"id":"1","name":"example.com"}]}`
 * - `{"version":1,"method":"read","zone":{...},"names":["www.example.com"]}`, `names` null for all of them:
 *   `{"recordSets":[{"name":"www.example.com","type":"A","ttl":300,"values":["192.0.2.1"]}]}`
 * - `{"version":1,"method":"change","zone":{...},"before":null,"after":{...}}`: `{}`, once `after` stands in the place of
 *   `before`; null: nothing. It must look first, and change nothing where something else than `before` stands.
 *
 * Names are absolute and have no final dot, texts no quotes. It ends with 0: done; 10: something else stands there; 11:
 * its credentials are refused; 12: not now, and nothing was done; 13: no such zone. After anything else a change is in
 * doubt and read back. The last line of its standard error is shown.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { plain } from "../../http/Plain.ts"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import { DnsClient, type RecordSet } from "../DnsClient.ts"
import { DnsError, type DnsErrorReason } from "../DnsError.ts"
import { clientOver } from "../records/Client.ts"
import { normalName } from "../records/Content.ts"
import { withMarks } from "../records/Marks.ts"
import type { RecordsApi } from "../records/RecordsApi.ts"
import { command as described } from "./Provider.ts"

const { capabilities, name: provider } = described

const Zones = Schema.parseJson(
  Schema.Struct({ zones: Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.String })) })
)
const RecordSets = Schema.parseJson(
  Schema.Struct({
    recordSets: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        type: Schema.String,
        ttl: Schema.NonNegativeInt,
        values: Schema.NonEmptyArray(Schema.String)
      })
    )
  })
)
const Done = Schema.parseJson(Schema.Struct({}))

const timeout = "60 seconds"
const maxBytes = 16 * 1024 * 1024

const meaning = new Map<number, readonly [DnsErrorReason, string]>([
  [10, ["Conflict", "something else stands there than was expected"]],
  [11, ["Unauthorized", "its credentials are refused"]],
  [12, ["Unavailable", "it says: not now"]],
  [13, ["ZoneNotFound", "it knows no such zone"]]
])

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly said: string
}

class NotStarted extends Data.TaggedError("NotStarted")<{ readonly code: string }> {}

/** Runs to its end; killed when interrupted. */
const run = (argv: readonly [string, ...ReadonlyArray<string>], input: string) =>
  Effect.async<Ended, NotStarted>((resume) => {
    const [program, ...args] = argv
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] })
    const texts = { output: "", said: "" }
    const collect = (key: keyof typeof texts) => (chunk: Buffer) => {
      texts[key] += chunk.toString("utf8")
      if (texts[key].length > maxBytes) child.kill("SIGKILL")
    }
    child.stdout.on("data", collect("output"))
    child.stderr.on("data", collect("said"))
    child.on("error", ({ code = "" }: NodeJS.ErrnoException) => resume(new NotStarted({ code })))
    child.on("close", (code) => resume(Effect.succeed({ code, ...texts })))
    // It may end without reading.
    child.stdin.on("error", () => undefined)
    child.stdin.end(`${input}\n`)
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const again = Schedule.intersect(Schedule.recurs(3), Schedule.exponential("500 millis"))

const make = Effect.fnUntraced(function* ({ command }: CommandConfig) {
  const { hide } = yield* KnownSecrets
  const fail = (method: string, reason: DnsErrorReason, detail: string) =>
    new DnsError({ provider, method, reason, detail: plain({ hide, secrets: [] }, detail) })
  const [program, ...args] = command.split(/\s+/).filter((word) => word !== "")
  if (program === undefined) return yield* fail("connect", "BadConfig", "FABRIK_DNS_COMMAND names no program")

  const call = <A, I>(
    method: string,
    body: { readonly method: "change" | "read" | "zones"; readonly [field: string]: unknown },
    schema: Schema.Schema<A, I>
  ) => {
    const write = body.method === "change"
    const doubt = write ? "OutcomeUnknown" : "BadResponse"
    return run([program, ...args], JSON.stringify({ version: 1, ...body })).pipe(
      Effect.mapError(({ code }) =>
        code === "EACCES"
          ? fail(method, "Forbidden", `${program} may not be executed`)
          : fail(method, "BadConfig", `${program} cannot be started (${code})`)
      ),
      Effect.timeoutFail({
        duration: timeout,
        onTimeout: () =>
          fail(method, write ? "OutcomeUnknown" : "Unavailable", `${program} took more than a minute`)
      }),
      Effect.flatMap(({ code, output, said }) => {
        const line = said.trim().split("\n").at(-1) ?? ""
        const more = line === "" ? "" : `: ${line}`
        if (code === 0) {
          return Effect.mapError(Schema.decodeUnknown(schema)(output), () =>
            fail(method, doubt, `${program} answers something else to "${body.method}" than it should`)
          )
        }
        const known = code === null ? undefined : meaning.get(code)
        return known === undefined
          ? fail(method, doubt, `${program} ended with ${code ?? "a signal"}${more}`)
          : fail(method, known[0], `${program}: ${known[1]}${more}`)
      }),
      Effect.retry({ schedule: again, while: ({ reason }) => reason === "Unavailable" })
    )
  }

  const wire = (recordSet: RecordSet | undefined) =>
    recordSet === undefined
      ? null
      : {
          name: recordSet.name,
          type: recordSet.type,
          ttl: recordSet.ttl ?? capabilities.automaticTtl,
          values: recordSet.values
        }
  const read = (
    method: string,
    zone: { readonly id: string; readonly name: string },
    names: ReadonlyArray<string> | null
  ) =>
    Effect.map(call(method, { method: "read", zone, names }, RecordSets), ({ recordSets }) =>
      recordSets.map(({ name, ttl, type, values }) => ({
        recordSet: { name: normalName(name), type, ttl, values, proxied: false, comment: undefined },
        raw: undefined
      }))
    )

  const api: RecordsApi<undefined> = {
    provider,
    capabilities,
    told: (error) => error,
    zones: (method) =>
      Effect.map(call(method, { method: "zones" }, Zones), ({ zones }) =>
        zones.map(({ id, name }) => ({ id, name: normalName(name) }))
      ),
    reads: "zone",
    at: (method, zone, names) =>
      Effect.map(read(method, zone, names), (sets) =>
        sets.filter(({ recordSet }) => names.includes(recordSet.name))
      ),
    all: (method, zone) => read(method, zone, null),
    atomic: (changes) => changes.length < 2,
    change: (method, zone, changes) =>
      Effect.forEach(
        changes,
        ({ before, wanted }) =>
          call(
            method,
            { method: "change", zone, before: wire(before?.recordSet), after: wire(wanted) },
            Done
          ),
        { discard: true }
      )
  }
  return clientOver(withMarks(api))
})

interface CommandConfig {
  readonly command: string
}

/** A DnsClient over a program. Its environment is fabrik's own, so that its credentials can be there. */
export const layer = (config: CommandConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
