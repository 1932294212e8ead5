/**
 * Amazon Route 53, API 2013-04-01: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html.
 * A batch of changes is one transaction, in which a DELETE must name the record set exactly as it stands and a CREATE
 * finds none: the API itself compares and sets.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { DnsClient, type RecordSet, type Zone } from "../DnsClient.ts"
import { DnsError, type DnsErrorReason } from "../DnsError.ts"
import type { Answer } from "../../http/Failure.ts"
import { connect, type Explanation } from "../ProviderHttp.ts"
import { canonicalValue } from "../Name.ts"
import { clientOver } from "../records/Client.ts"
import { fromContent, normalName, toContent } from "../records/Content.ts"
import { withMarks } from "../records/Marks.ts"
import type { RecordsApi, SetChange, Standing } from "../records/RecordsApi.ts"
import { childAt, childrenNamed, escapeXml, parseXml, type XmlElement } from "../Xml.ts"
import { route53 } from "./Provider.ts"
import { type AwsKey, isKeyId, sign } from "./Signature.ts"

const { capabilities, name: provider } = route53

/** What a DELETE must repeat. */
interface Stored {
  readonly ttl: string
  readonly values: ReadonlyArray<string>
}

const textAt = (element: XmlElement | undefined, ...path: ReadonlyArray<string>): string =>
  childAt(element, ...path)?.text.trim() ?? ""

const meaning = new Map<string, DnsErrorReason>([
  ["InvalidClientTokenId", "Unauthorized"],
  ["SignatureDoesNotMatch", "Unauthorized"],
  ["ExpiredToken", "Unauthorized"],
  ["RequestExpired", "Unauthorized"],
  ["MissingAuthenticationToken", "Unauthorized"],
  ["AccessDenied", "Forbidden"],
  ["NoSuchHostedZone", "ZoneNotFound"],
  // Refused before anything was done; it passes.
  ["Throttling", "RateLimited"],
  ["ThrottlingException", "RateLimited"],
  ["PriorRequestNotComplete", "RateLimited"]
])
const clash = /already exists|was not found|do not match the current values|conflict/i

const explain = ({ status, text }: Answer): Explanation | undefined => {
  if (status < 400 || status >= 500) return undefined
  const root = Option.getOrUndefined(parseXml(text))
  if (root === undefined) return undefined
  const batch = childrenNamed(childAt(root, "Messages") ?? root, "Message").map((each) => each.text.trim())
  const code = root.name === "InvalidChangeBatch" ? root.name : textAt(root, "Error", "Code")
  const message = batch.length > 0 ? batch.join("; ") : textAt(root, "Error", "Message")
  const reason = meaning.get(code) ?? (clash.test(message) ? "Conflict" : undefined)
  return reason === undefined && (status === 401 || status === 403 || status === 429 || code === "")
    ? undefined
    : { reason: reason ?? "Invalid", detail: `${message} (${code})` }
}

/** It writes all but letters, digits and some signs as `\052`, three octal digits. */
const unescapeName = (name: string) =>
  name.replace(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

const toStanding = (element: XmlElement): Standing<Stored> => {
  const type = textAt(element, "Type")
  const ttl = textAt(element, "TTL")
  const values = childrenNamed(childAt(element, "ResourceRecords") ?? element, "ResourceRecord").map((each) =>
    textAt(each, "Value")
  )
  const alias = childAt(element, "AliasTarget")
  return {
    recordSet: {
      name: normalName(unescapeName(textAt(element, "Name"))),
      type,
      ttl: ttl === "" ? undefined : Number(ttl),
      values:
        alias === undefined
          ? values.map((value) => fromContent(type, value))
          : [`alias of ${textAt(alias, "DNSName")}`],
      proxied: false,
      comment: undefined
    },
    raw: { ttl, values },
    untouchable:
      alias !== undefined
        ? "it is an alias of AWS"
        : childAt(element, "SetIdentifier") !== undefined
          ? "it has a routing policy"
          : undefined
  }
}

const change = (action: "CREATE" | "DELETE", { name, type }: RecordSet, { ttl, values }: Stored) =>
  `<Change><Action>${action}</Action><ResourceRecordSet><Name>${escapeXml(name)}.</Name><Type>${type}</Type><TTL>${ttl}</TTL><ResourceRecords>${values.map((value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`).join("")}</ResourceRecords></ResourceRecordSet></Change>`

const asStored = ({ ttl, type, values }: RecordSet): Stored => ({
  ttl: String(ttl ?? capabilities.automaticTtl),
  values: [...new Map(values.map((value) => [canonicalValue(type, value), toContent(type, value)])).values()]
})

const changes = ({ before, wanted }: SetChange<Stored>) => [
  ...(before === undefined ? [] : [change("DELETE", before.recordSet, before.raw)]),
  ...(wanted === undefined ? [] : [change("CREATE", wanted, asStored(wanted))])
]

const perPage = "300"
const maxPages = 400

const make = Effect.fnUntraced(function* (config: Route53Config) {
  if (!isKeyId(config.accessKeyId)) {
    const detail = "AWS_ACCESS_KEY_ID is not the id of a key"
    return yield* new DnsError({ provider, method: "connect", reason: "BadConfig", detail })
  }
  const { secretAccessKey, sessionToken } = config
  const http = yield* connect({
    provider,
    baseUrl: config.baseUrl ?? "https://route53.amazonaws.com",
    variable: "ROUTE53_ENDPOINT_URL",
    secrets: {
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken })
    },
    authorize: (request) =>
      Effect.map(Clock.currentTimeMillis, (now) =>
        sign(request, config, { region: "us-east-1", service: "route53" }, now)
      ),
    explain
  })
  const root = "/2013-04-01/hostedzone"
  const get = Effect.fnUntraced(function* (
    method: string,
    path: string,
    parameters: Readonly<Record<string, string>>
  ) {
    const request = HttpClientRequest.get(path, { urlParams: parameters })
    const { text } = yield* http.answer(method, request, false)
    return yield* Option.match(parseXml(text), {
      onNone: () =>
        http.fail(method, { reason: "BadResponse", detail: "the API answered something that is not XML" }),
      onSome: Effect.succeed
    })
  })
  const zoneOf = (element: XmlElement | undefined) => ({
    id: textAt(element, "Id").replace(/^\/hostedzone\//, ""),
    name: normalName(unescapeName(textAt(element, "Name"))),
    isPrivate: textAt(element, "Config", "PrivateZone") === "true"
  })

  const zones = Effect.fnUntraced(function* (method: string) {
    if (config.zoneId !== undefined) {
      const found = yield* get(method, `${root}/${encodeURIComponent(config.zoneId)}`, {})
      return [zoneOf(childAt(found, "HostedZone"))]
    }
    const found: Array<ReturnType<typeof zoneOf>> = []
    let marker: string | undefined = ""
    for (let page = 0; marker !== undefined && page < maxPages; page++) {
      const answer: XmlElement = yield* get(method, root, {
        maxitems: "100",
        ...(marker === "" ? {} : { marker })
      })
      found.push(...(childAt(answer, "HostedZones")?.children ?? []).map(zoneOf))
      marker = textAt(answer, "IsTruncated") === "true" ? textAt(answer, "NextMarker") : undefined
    }
    // A private twin of the same name answers inside of a VPC only.
    return found.filter(({ isPrivate }) => !isPrivate)
  })

  /** From `from` on, while `goesOn` says so: sets come in the order of their names, read from the right. */
  const listed = Effect.fnUntraced(function* (
    method: string,
    zone: Zone,
    from: string | undefined,
    goesOn: (sets: ReadonlyArray<Standing<Stored>>) => boolean
  ) {
    const found: Array<Standing<Stored>> = []
    let next: Readonly<Record<string, string>> | undefined = from === undefined ? {} : { name: `${from}.` }
    for (let page = 0; next !== undefined && page < maxPages; page++) {
      const answer: XmlElement = yield* get(method, `${root}/${encodeURIComponent(zone.id)}/rrset`, {
        ...next,
        maxitems: perPage
      })
      found.push(...(childAt(answer, "ResourceRecordSets")?.children ?? []).map(toStanding))
      const identifier = textAt(answer, "NextRecordIdentifier")
      next =
        textAt(answer, "IsTruncated") === "true" && goesOn(found)
          ? {
              name: textAt(answer, "NextRecordName"),
              type: textAt(answer, "NextRecordType"),
              ...(identifier === "" ? {} : { identifier })
            }
          : undefined
    }
    return found
  })

  const api: RecordsApi<Stored> = {
    provider,
    capabilities,
    told: http.told,
    zones,
    reads: "name",
    at: (method, zone, names) =>
      Effect.map(
        Effect.forEach(
          names,
          (name) =>
            Effect.map(
              listed(method, zone, name, (sets) => sets.every(({ recordSet }) => recordSet.name === name)),
              (sets) => sets.filter(({ recordSet }) => recordSet.name === name)
            ),
          { concurrency: 2 }
        ),
        (found) => found.flat()
      ),
    all: (method, zone) => listed(method, zone, undefined, () => true),
    atomic: () => true,
    change: (method, zone, list) =>
      Effect.asVoid(
        http.answer(
          method,
          HttpClientRequest.post(`${root}/${encodeURIComponent(zone.id)}/rrset/`).pipe(
            HttpClientRequest.bodyText(
              `<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes>${list.flatMap(changes).join("")}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`,
              "application/xml"
            )
          ),
          true
        )
      )
  }
  return clientOver(withMarks(api))
})

interface Route53Config extends AwsKey {
  readonly zoneId: string | undefined
  readonly baseUrl: string | undefined
}

/** A DnsClient over the public hosted zones of one AWS account. */
export const layer = (config: Route53Config): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
