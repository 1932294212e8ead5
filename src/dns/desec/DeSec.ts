/**
 * deSEC's DNS API: https://desec.readthedocs.io/en/latest/dns/rrsets.html. A PATCH of several record sets is one
 * transaction, in which an empty one is deleted; lists of more than 500 come in pages, named by the Link header.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { DnsClient, type Zone } from "../DnsClient.ts"
import type { DnsError } from "../DnsError.ts"
import { canonicalValue } from "../Name.ts"
import { connect, explainWith } from "../ProviderHttp.ts"
import { clientOver } from "../records/Client.ts"
import { below, fromContent, normalName, toContent } from "../records/Content.ts"
import { withMarks } from "../records/Marks.ts"
import type { RecordsApi, SetChange, Standing } from "../records/RecordsApi.ts"
import { deSec } from "./Provider.ts"

const { capabilities, name: provider } = deSec

const Domains = Schema.parseJson(Schema.Array(Schema.Struct({ name: Schema.String })))
const RrSets = Schema.parseJson(
  Schema.Array(
    Schema.Struct({
      name: Schema.String,
      type: Schema.String,
      ttl: Schema.NonNegativeInt,
      records: Schema.Array(Schema.String)
    })
  )
)

/** It says what is wrong by field, in lists in lists: the texts in them. */
const texts = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [value]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : []
}
const parsed = Schema.decodeOption(Schema.parseJson())
const said = (text: string) => Option.map(parsed(text), (value) => [...new Set(texts(value))].join(" "))

const maxPages = 400
const nextPage = /<[^>]*[?&](cursor=[^>&]*)[^>]*>;\s*rel="?next"?/

const make = Effect.fnUntraced(function* (config: DeSecConfig) {
  const http = yield* connect({
    provider,
    baseUrl: config.baseUrl ?? "https://desec.io/api/v1",
    variable: "DESEC_API_URL",
    secrets: { DESEC_TOKEN: config.token },
    authorize: (request) =>
      Effect.succeed(
        HttpClientRequest.setHeader(request, "authorization", `Token ${Redacted.value(config.token)}`)
      ),
    explain: explainWith(said)
  })

  const pages = Effect.fnUntraced(function* <A, I>(
    method: string,
    path: string,
    schema: Schema.Schema<ReadonlyArray<A>, I>,
    filter: string
  ) {
    const found: Array<A> = []
    let cursor: string | undefined = "cursor="
    for (let page = 0; cursor !== undefined && page < maxPages; page++) {
      const answer: {
        readonly text: string
        readonly headers: Readonly<Record<string, string | undefined>>
      } = yield* http.answer(method, HttpClientRequest.get(`${path}?${filter}${cursor}`), false)
      found.push(
        ...(yield* Effect.mapError(Schema.decodeUnknown(schema)(answer.text), () =>
          http.fail(method, {
            reason: "BadResponse",
            detail: "the API answered something else than expected"
          })
        ))
      )
      cursor = nextPage.exec(answer.headers["link"] ?? "")?.[1]
    }
    return found
  })

  const path = ({ id }: Zone) => `/domains/${encodeURIComponent(id)}/rrsets/`
  const listed = (method: string, zone: Zone, filter: string) =>
    Effect.map(pages(method, path(zone), RrSets, filter), (sets) =>
      sets.map(({ name, records, ttl, type }): Standing<undefined> => ({
        recordSet: {
          name: normalName(name),
          type,
          ttl,
          values: records.map((content) => fromContent(type, content)),
          proxied: false,
          comment: undefined
        },
        raw: undefined
      }))
    )
  const wire = (zone: Zone, { before, wanted }: SetChange<undefined>) => {
    const subject = wanted ?? before?.recordSet
    const values = new Map(
      wanted?.values.map((value) => [canonicalValue(wanted.type, value), toContent(wanted.type, value)])
    )
    return subject === undefined
      ? []
      : [
          {
            subname: below(zone, subject.name, ""),
            type: subject.type,
            ttl: subject.ttl ?? capabilities.automaticTtl,
            records: [...values.values()]
          }
        ]
  }
  const api: RecordsApi<undefined> = {
    provider,
    capabilities,
    told: http.told,
    zones: (method) =>
      Effect.map(pages(method, "/domains/", Domains, ""), (found) =>
        found.map(({ name }) => ({ id: name, name: normalName(name) }))
      ),
    reads: "name",
    at: (method, zone, names) =>
      Effect.map(
        Effect.forEach(
          names,
          (name) => listed(method, zone, `subname=${encodeURIComponent(below(zone, name, ""))}&`),
          { concurrency: 4 }
        ),
        (found) => found.flat().filter(({ recordSet }) => names.includes(recordSet.name))
      ),
    all: (method, zone) => listed(method, zone, ""),
    atomic: () => true,
    change: (method, zone, changes) =>
      http.write(
        method,
        HttpClientRequest.bodyUnsafeJson(
          HttpClientRequest.patch(path(zone)),
          changes.flatMap((one) => wire(zone, one))
        )
      )
  }
  return clientOver(withMarks(api))
})

interface DeSecConfig {
  readonly token: Redacted.Redacted<string>
  readonly baseUrl: string | undefined
}

/** A DnsClient over the domains of one deSEC account. */
export const layer = (config: DeSecConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
