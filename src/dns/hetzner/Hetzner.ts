/**
 * The DNS zones of Hetzner Cloud. https://docs.hetzner.cloud/reference/cloud#zones; paths, bodies and codes as hcloud-go
 * (hcloud/zone_rrset.go, hcloud/schema/zone_rrset.go) has them. A write answers an action, which runs on by itself.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { DnsClient, type RecordSet, type Zone } from "../DnsClient.ts"
import type { DnsError } from "../DnsError.ts"
import { connect, explainWith } from "../ProviderHttp.ts"
import { clientOver } from "../records/Client.ts"
import { absolute, below, fromContent, toContent } from "../records/Content.ts"
import type { RecordsApi, SetChange, Standing } from "../records/RecordsApi.ts"
import { canonicalValue } from "../Name.ts"
import { hetzner } from "./Provider.ts"

const { capabilities, name: provider } = hetzner

const Page = Schema.Struct({
  pagination: Schema.Struct({ next_page: Schema.NullOr(Schema.Number) })
})
const Zones = Schema.Struct({
  zones: Schema.Array(
    Schema.Struct({
      id: Schema.Number,
      name: Schema.String,
      mode: Schema.optionalWith(Schema.String, { default: () => "primary" })
    })
  ),
  meta: Page
})
const RrSet = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  ttl: Schema.NullOr(Schema.NonNegativeInt),
  protection: Schema.optional(Schema.Struct({ change: Schema.Boolean })),
  labels: Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.String }))),
  records: Schema.Array(
    Schema.Struct({
      value: Schema.String,
      comment: Schema.optionalWith(Schema.String, { nullable: true, default: () => "" })
    })
  )
})
type RrSet = typeof RrSet.Type
const RrSets = Schema.Struct({ rrsets: Schema.Array(RrSet), meta: Page })
const Action = Schema.Struct({
  action: Schema.Struct({
    id: Schema.Number,
    status: Schema.Literal("running", "success", "error"),
    error: Schema.optionalWith(Schema.Struct({ code: Schema.String, message: Schema.String }), {
      nullable: true
    })
  })
})
const Failure = Schema.parseJson(
  Schema.Struct({ error: Schema.Struct({ code: Schema.String, message: Schema.String }) })
)

const said = (text: string) =>
  Option.map(Schema.decodeOption(Failure)(text), ({ error: { code, message } }) => `${message} (${code})`)

const explain = explainWith(said, (_, message) => {
  // https://docs.hetzner.cloud/reference/cloud#errors
  if (/\((?:uniqueness_error|conflict|locked)\)$/.test(message)) return "Conflict"
  if (/\((?:forbidden|token_readonly)\)$/.test(message)) return "Forbidden"
  return message.endsWith("(rate_limit_exceeded)") ? "RateLimited" : undefined
})

/** An action takes some seconds. */
const poll = Schedule.exponential("200 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("2 seconds")),
  Schedule.upTo("60 seconds")
)
const perPage = "50"
/** More than any account has. */
const maxPages = 400

/** People's labels of a record set, which go with it. */
const Kept = Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.String }))

const toStanding = (zone: Zone, rrset: RrSet): Standing<RrSet> => {
  const { labels, protection, records, ttl, type } = rrset
  const comments = new Set(records.map(({ comment }) => comment))
  const [comment = ""] = comments
  return {
    recordSet: {
      name: absolute(zone, rrset.name),
      type,
      ttl: ttl ?? undefined,
      values: records.map(({ value }) => fromContent(type, value)),
      proxied: false,
      comment: comment === "" ? undefined : comment,
      ...(labels === undefined || labels === null || Object.keys(labels).length === 0
        ? {}
        : { kept: Schema.encodeSync(Kept)(labels) })
    },
    raw: rrset,
    untouchable:
      protection?.change === true
        ? "it is protected at Hetzner"
        : comments.size > 1
          ? "its records differ in their comments; make them alike first"
          : undefined
  }
}

const recordsOf = ({ comment, type, values }: RecordSet) => ({
  records: [...new Map(values.map((value) => [canonicalValue(type, value), value])).values()].map(
    (value) => ({
      value: toContent(type, value),
      ...(comment === undefined ? {} : { comment })
    })
  )
})

const make = Effect.fnUntraced(function* (config: HetznerConfig) {
  const http = yield* connect({
    provider,
    baseUrl: config.baseUrl ?? "https://api.hetzner.cloud/v1",
    variable: "HETZNER_BASE_URL",
    secrets: { HETZNER_API_TOKEN: config.token },
    authorize: (request) => Effect.succeed(HttpClientRequest.bearerToken(request, config.token)),
    explain
  })

  const pages = Effect.fnUntraced(function* <P extends { readonly meta: typeof Page.Type }, I>(
    method: string,
    path: string,
    schema: Schema.Schema<P, I>,
    parameters: Readonly<Record<string, string>>
  ) {
    const found: Array<P> = []
    let next: number | null = 1
    while (next !== null && found.length < maxPages) {
      const page: P = yield* http.read(method, path, schema, {
        ...parameters,
        per_page: perPage,
        page: String(next)
      })
      found.push(page)
      next = page.meta.pagination.next_page
    }
    return found
  })

  const zonePath = ({ id }: Zone) => `/zones/${encodeURIComponent(id)}/rrsets`
  const setPath = (zone: Zone, { name, type }: RecordSet) =>
    `${zonePath(zone)}/${encodeURIComponent(below(zone, name, "@"))}/${encodeURIComponent(type)}`

  const listed = (method: string, zone: Zone, parameters: Readonly<Record<string, string>>) =>
    Effect.map(pages(method, zonePath(zone), RrSets, parameters), (found) =>
      found.flatMap(({ rrsets }) => rrsets.map((rrset) => toStanding(zone, rrset)))
    )

  /** Sends a write and follows its action to the end. */
  const act = Effect.fnUntraced(function* (method: string, request: HttpClientRequest.HttpClientRequest) {
    const first = yield* http.writeFor(method, request, Action)
    const { action } =
      first.action.status !== "running"
        ? first
        : yield* http
            .read(method, `/actions/${first.action.id}`, Action)
            .pipe(
              Effect.repeat({ schedule: poll, until: ({ action }) => action.status !== "running" }),
              Effect.zipRight(http.read(method, `/actions/${first.action.id}`, Action))
            )
    if (action.status === "success") return
    return yield* action.status === "running"
      ? http.fail(method, {
          reason: "OutcomeUnknown",
          detail: "the change is still under way after a minute"
        })
      : http.fail(method, {
          reason: "Unavailable",
          detail: `the change failed: ${action.error?.message ?? "no reason is given"}`
        })
  })
  const post = (path: string, body: unknown) =>
    HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path), body)

  const setsRecords = ({ before, wanted }: SetChange<RrSet>): boolean =>
    before !== undefined &&
    wanted !== undefined &&
    JSON.stringify(recordsOf(before.recordSet)) !== JSON.stringify(recordsOf(wanted))
  const setsTtl = ({ before, wanted }: SetChange<RrSet>): boolean =>
    before !== undefined && wanted !== undefined && before.recordSet.ttl !== wanted.ttl

  const change = Effect.fnUntraced(function* (method: string, zone: Zone, one: SetChange<RrSet>) {
    const { before, wanted } = one
    if (wanted === undefined) {
      return before === undefined
        ? undefined
        : yield* act(method, HttpClientRequest.del(setPath(zone, before.recordSet)))
    }
    const { name, ttl, type } = wanted
    if (before === undefined) {
      const labels = Option.getOrUndefined(Schema.decodeUnknownOption(Kept)(wanted.kept))
      const body = {
        name: below(zone, name, "@"),
        type,
        ...recordsOf(wanted),
        ...(labels === undefined ? {} : { labels })
      }
      return yield* act(method, post(zonePath(zone), ttl === undefined ? body : { ...body, ttl }))
    }
    const actions = `${setPath(zone, wanted)}/actions`
    if (setsRecords(one)) yield* act(method, post(`${actions}/set_records`, recordsOf(wanted)))
    if (setsTtl(one)) yield* act(method, post(`${actions}/change_ttl`, { ttl: ttl ?? null }))
  })

  const api: RecordsApi<RrSet> = {
    provider,
    capabilities,
    told: http.told,
    zones: (method) =>
      Effect.map(pages(method, "/zones", Zones, {}), (found) =>
        found.flatMap(({ zones }) =>
          zones.map(({ id, mode, name }) => ({
            id: String(id),
            name,
            unusable: mode === "secondary" ? "it is a copy at Hetzner: its primary is elsewhere" : undefined
          }))
        )
      ),
    reads: "name",
    at: (method, zone, names) =>
      Effect.map(
        Effect.forEach(names, (name) => listed(method, zone, { name: below(zone, name, "@") }), {
          concurrency: 4
        }),
        (found) => found.flat().filter(({ recordSet }) => names.includes(recordSet.name))
      ),
    all: (method, zone) => listed(method, zone, {}),
    // Records and TTL are two requests.
    atomic: (changes) => changes.length < 2 && !changes.some((one) => setsRecords(one) && setsTtl(one)),
    change: (method, zone, changes) =>
      Effect.forEach(changes, (one) => change(method, zone, one), { discard: true })
  }
  return clientOver(api)
})

interface HetznerConfig {
  readonly token: Redacted.Redacted<string>
  readonly baseUrl: string | undefined
}

/** A DnsClient over the zones of one Hetzner Cloud project. */
export const layer = (config: HetznerConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
