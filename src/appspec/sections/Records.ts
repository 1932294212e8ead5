/** `dns.records`: further records in the zones of the domains. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import {
  caaFields,
  canonicalValue,
  isAddressing,
  isWithin,
  normalizeName,
  type RecordType,
  recordTypes,
  valueProblem
} from "../../dns/Name.ts"
import { quoteText, unquoteText } from "../../dns/Text.ts"
import type { Check } from "../Decode.ts"
import { hostsOf } from "../Domain.ts"
import { choice, integer, list, map, oneOf, optional, parsed, type Rule, text } from "../Form.ts"
import { ranges } from "../Limits.ts"
import { type Complaint, quote } from "../Report.ts"

/** All records of one type at one name. */
export interface NamedRecords {
  /** `@`, a name below the zone of the first domain, or an absolute one with its final dot. ASCII, lower case. */
  readonly name: string
  readonly type: RecordType
  /** As a DnsClient has them: texts without quotes, host names without final dot. */
  readonly values: ReadonlyArray<string>
  /** Seconds; absent: the provider's own. */
  readonly ttl?: number
}

const form = 'e.g. `records: ["@ MX 10 mx.example.com", "_dmarc TXT v=DMARC1; p=none"]`'

const complaint = (message: string, hint = form): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

const anyName =
  "@, a name below the zone of the first domain, or a full one with a final dot: `mail.example.com.`"

const name: Rule<string> = (text) => {
  if (text === "@") return Either.right(text)
  const isFull = text.endsWith(".")
  const found = isFull
    ? normalizeName(text)
    : Option.map(normalizeName(`${text}.x`), (full) => full.slice(0, -2))
  if (Option.isNone(found) || (isFull && !found.value.includes("."))) {
    return complaint(`${quote(text)} cannot name a record`, anyName)
  }
  return found.value.startsWith("_fabrik-")
    ? complaint(`names that begin with \`_fabrik-\` are for fabrik's own marks`, "take another name")
    : Either.right(isFull ? `${found.value}.` : found.value)
}

const examples: Readonly<Record<RecordType, string>> = {
  A: "203.0.113.7",
  AAAA: "2001:db8::7",
  CNAME: "www.example.net",
  TXT: '"v=spf1 -all"',
  MX: "10 mx.example.com",
  SRV: "10 5 5060 sip.example.com: priority, weight, port and host",
  CAA: '0 issue "letsencrypt.org"'
}

const quoted = /^"(?:[^"\\]|\\[^])*"(?:\s+"(?:[^"\\]|\\[^])*")*$/u
/** Bytes; more than any answer should have, and than most providers take. */
const longestText = 2048

const textIn: Rule<string> = (given) => {
  if (given.startsWith('"') && !quoted.test(given)) {
    return complaint("a text that begins with a quote has to end with one", examples.TXT)
  }
  const value = unquoteText(given)
  if (value === "") return complaint("the text is empty", examples.TXT)
  if (/[\p{Cc}\uFFFD]/u.test(value)) {
    return complaint("a text cannot have line breaks or other characters that do not show", examples.TXT)
  }
  return Buffer.byteLength(value) > longestText
    ? complaint(`the text has more than ${longestText} bytes`, "shorten it")
    : Either.right(value)
}

/** Names in values are never completed: in a zone file `mx` would be one below the zone. */
const hostIn: Rule<string> = (host) => {
  if (host === ".") return Either.right(host)
  const found = normalizeName(host)
  return Option.isSome(found) && found.value.includes(".")
    ? Either.right(found.value)
    : complaint(`${quote(host)} is no full host name`, "write all of it: names in values are not completed")
}

/** A value in normal form. */
const valueIn = (type: RecordType, given: string): Either.Either<string, Complaint> =>
  Either.gen(function* () {
    if (type === "TXT") return yield* textIn(given)
    const fields = given.trim().split(/\s+/)
    const isNamed = type === "CNAME" || type === "MX" || type === "SRV"
    const value = isNamed
      ? [...fields.slice(0, -1), yield* hostIn(fields.at(-1) ?? "")].join(" ")
      : given.trim()
    const problem = valueProblem(type, value)
    if (problem !== undefined) return yield* complaint(problem, `as in ${examples[type]}`)
    return type === "CAA" && caaFields(value)?.value === ""
      ? yield* complaint("the value of a CAA record is empty", `as in ${examples.CAA}; \`;\` allows nobody`)
      : canonicalValue(type, value)
  })

const valueOut = (type: RecordType, value: string): string =>
  type === "TXT" && /^["\s]|\s$/.test(value) ? quoteText(value) : value

const Written = Schema.Struct({
  name: Schema.String,
  type: Schema.Literal(...recordTypes),
  value: Schema.String,
  ttl: Schema.optionalWith(Schema.Number, { exact: true })
})
type Written = typeof Written.Type

const line = /^(\S+)(?:\s+(\d{1,9}))?(?:\s+IN)?\s+([A-Z]+)\s+(\S.*)$/u
const isType = Schema.is(Schema.Literal(...recordTypes))
const { max: longest, min: shortest } = ranges.ttl

const lineIn: Rule<Written> = (given) =>
  Either.gen(function* () {
    const [, at = "", seconds, type = "", value] = line.exec(given) ?? []
    if (value === undefined) {
      return yield* complaint(`${quote(given)} is no record: a name, a type and a value`)
    }
    if (!isType(type)) {
      return yield* complaint(
        `fabrik does not write ${quote(type)} records`,
        `one of: ${recordTypes.join(", ")}`
      )
    }
    const ttl = seconds === undefined ? undefined : Number(seconds)
    if (ttl !== undefined && (ttl < shortest || ttl > longest)) {
      return yield* complaint(`a TTL is a number of seconds from ${shortest} to ${longest}, not ${seconds}`)
    }
    return { name: yield* name(at), type, value, ...(ttl === undefined ? {} : { ttl }) }
  })

const short = parsed(
  {
    description: "As in a zone file: the name, the TTL where it matters, the type, the value",
    examples: ["@ MX 10 mx.example.com", "_dmarc 300 TXT v=DMARC1; p=none"],
    pattern: /^\S+\s+(?:\d{1,9}\s+)?(?:IN\s+)?(?:A|AAAA|CNAME|TXT|MX|SRV|CAA)\s+\S.*$/
  },
  Written,
  lineIn,
  ({ name, ttl, type, value }) => [name, ...(ttl === undefined ? [] : [ttl]), type, value].join(" ")
)

const long = map(
  {
    name: text(
      { description: anyName.replaceAll("`", ""), examples: ["@", "_acme", "mail.example.com."] },
      name
    ),
    type: choice(recordTypes, { description: "Its type" }, (word) => ({
      message: `fabrik does not write ${quote(word)} records`,
      hint: `one of: ${recordTypes.join(", ")}`
    })),
    value: text(
      {
        description: "As in a zone file; host names are full ones, with a final dot or without",
        examples: ["10 mx.example.com", "v=spf1 -all"]
      },
      Either.right
    ),
    ttl: optional(
      integer(ranges.ttl, { description: "Seconds that others may keep it", absent: "the provider's own" })
    )
  },
  {
    description: "The long form",
    missing: ({ path }) => ({ message: `\`${path}\` needs \`name\`, \`type\` and \`value\``, hint: form }),
    elsewhere: {
      content: "did you mean `value`?",
      data: "did you mean `value`?",
      host: "did you mean `name`?",
      priority: "write it before the host: `value: 10 mx.example.com`",
      proxied: "only the domain's own record is proxied",
      values: "write one record for each value"
    }
  }
)

export const Records = list(
  oneOf([short, long], ({ node }) => (node._tag === "Map" ? 1 : 0), {
    description: "`NAME TYPE VALUE`, or the long form"
  }),
  {
    description: "Further records in the zones of the domains",
    hint: "one record per line, each behind a `-`: `- _dmarc TXT v=DMARC1; p=none`"
  }
)

/** The last two labels: no zone of a domain is shorter. */
const endOf = (host: string): string => host.split(".").slice(-2).join(".")

/** What is wrong with a record, as far as the text tells: which zone holds the domains is known to the provider alone. */
const problemIn = (
  { name, type }: Written,
  hosts: ReadonlyArray<string>,
  leadsToName: boolean
): Complaint | undefined => {
  if (name === "@" && type === "CNAME") {
    return { message: "a CNAME cannot stand at the apex of a zone", hint: "write an A or AAAA record" }
  }
  const isFull = name.endsWith(".")
  const bare = isFull ? name.slice(0, -1) : name
  const isBelow = hosts.some((host) => isWithin(bare, endOf(host)))
  if (!isFull) {
    return isBelow
      ? {
          message: `${quote(name)} is taken as a name below the zone`,
          hint: `write ${quote(`${name}.`)}, with a final dot`
        }
      : undefined
  }
  if (!isBelow) {
    return { message: `${quote(bare)} is in the zone of none of the domains`, hint: anyName }
  }
  if (!hosts.includes(bare)) return undefined
  if (isAddressing(type)) {
    return {
      message: `${bare} is a domain of the application, which has its own record`,
      hint: "say under `dns.target` where it leads"
    }
  }
  return leadsToName
    ? {
        message: `${bare} gets a CNAME record (\`dns.target\`), beside which nothing can stand`,
        hint: "give an address as `dns.target`"
      }
    : undefined
}

/** Values of one name and type are one set. */
export const recordsIn = (
  given: typeof Records.Type,
  domains: ReadonlyArray<string>,
  leadsToName: boolean,
  check: Check
): ReadonlyArray<NamedRecords> => {
  const sets: Array<NamedRecords> = []
  const hosts = hostsOf(domains)
  for (const [index, record] of given.entries()) {
    const { name, ttl, type } = record
    const field = check.at("dns", "records", index)
    if (field === undefined) continue
    const value = valueIn(type, record.value)
    if (Either.isLeft(value)) {
      check.complain(check.at("dns", "records", index, "value") ?? field, value.left)
      continue
    }
    const set = sets.find((one) => one.name === name && one.type === type)
    const beside = sets.find((one) => one.name === name && (one.type === "CNAME") !== (type === "CNAME"))
    const problem =
      problemIn(record, hosts, leadsToName) ??
      (beside === undefined
        ? set === undefined
          ? undefined
          : inSet(set, value.right, ttl)
        : {
            message: `a CNAME stands alone at its name, and ${quote(name)} has ${type === "CNAME" ? beside.type : type} records, too`,
            hint: "keep one of them"
          })
    if (problem !== undefined) {
      check.complain(field, problem)
      continue
    }
    const seconds = set?.ttl ?? ttl
    const merged: NamedRecords = {
      name,
      type,
      values: [...(set?.values ?? []), value.right],
      ...(seconds === undefined ? {} : { ttl: seconds })
    }
    if (set === undefined) sets.push(merged)
    else sets[sets.indexOf(set)] = merged
  }
  return sets
}

const inSet = (
  { name, ttl, type, values }: NamedRecords,
  value: string,
  seconds: number | undefined
): Complaint | undefined => {
  if (values.includes(value)) {
    return { message: `the ${type} record of ${quote(name)} stands here twice`, hint: "keep one of them" }
  }
  if (type === "CNAME") return { message: `${quote(name)} can have one CNAME only`, hint: "keep one of them" }
  return seconds !== undefined && ttl !== undefined && seconds !== ttl
    ? {
        message: `the ${type} records of ${quote(name)} have one TTL together, and this is another one`,
        hint: `write ${ttl} for all of them`
      }
    : undefined
}

/** As {@link recordsIn} reads them. */
export const recordsOut = (sets: ReadonlyArray<NamedRecords>): typeof Records.Type =>
  sets.flatMap(({ name, ttl, type, values }) =>
    values.map((value) => ({
      name,
      type,
      value: valueOut(type, value),
      ...(ttl === undefined ? {} : { ttl })
    }))
  )
