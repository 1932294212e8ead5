/**
 * Which requests go wrong, and how. Every rule counts the requests it matches; the first rule that is due strikes.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"

const When = Schema.Union(
  Schema.TaggedStruct("Always", {}),
  /** Only the `n`th request that matches, from 1. */
  Schema.TaggedStruct("Nth", { n: Schema.Int.pipe(Schema.positive()) }),
  /** The first `n` requests that match. */
  Schema.TaggedStruct("First", { n: Schema.Int.pipe(Schema.positive()) })
)

/** Whether `path` is a substring, or `~` and a regular expression that compiles. */
export const isPattern = (path: string): boolean => {
  if (!path.startsWith("~")) return true
  try {
    return new RegExp(path.slice(1)) instanceof RegExp
  } catch {
    return false
  }
}

const Pattern = Schema.String.pipe(Schema.filter(isPattern))

const Millis = Schema.Int.pipe(Schema.nonNegative())

const HttpFaultKind = Schema.Union(
  /** Answers with this status, body (JSON where none is given) and headers. */
  Schema.TaggedStruct("status", {
    status: Schema.Int.pipe(Schema.between(200, 599)),
    body: Schema.optional(Schema.String),
    headers: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.String }))
  }),
  /** The connection is reset (RST). */
  Schema.TaggedStruct("reset", {}),
  /** No answer ever. */
  Schema.TaggedStruct("hang", {}),
  Schema.TaggedStruct("delay", { millis: Millis }),
  /** A success whose body is no JSON. */
  Schema.TaggedStruct("garbage", {}),
  /** Half of the body, then the connection ends. */
  Schema.TaggedStruct("truncate", {})
)
export type HttpFaultKind = typeof HttpFaultKind.Type

const DnsServerFaultKind = Schema.Union(
  Schema.TaggedStruct("servfail", {}),
  Schema.TaggedStruct("drop", {}),
  Schema.TaggedStruct("refuse", {}),
  /** Answers from the zones as they were `millis` milliseconds ago. */
  Schema.TaggedStruct("stale", { millis: Millis })
)

/** Requests to an HTTP API. `method` `*`: any; `path`: a substring of path and query, or `~` and a regular expression. */
export const HttpFaultRule = Schema.Struct({
  api: Schema.Literal("coolify", "dns"),
  method: Schema.String,
  path: Pattern,
  when: When,
  /** `before`: the API never sees the request; `after`: its effect takes place and the answer is lost or replaced. */
  effect: Schema.Literal("before", "after"),
  kind: HttpFaultKind
})
export type HttpFaultRule = typeof HttpFaultRule.Type

/** Questions to the name server. `method` is the record type, `path` matches the name. */
export const DnsServerFaultRule = Schema.Struct({
  api: Schema.Literal("dns-server"),
  method: Schema.String,
  path: Pattern,
  when: When,
  kind: DnsServerFaultKind
})
export type DnsServerFaultRule = typeof DnsServerFaultRule.Type

export const FaultRule = Schema.Union(HttpFaultRule, DnsServerFaultRule)
export type FaultRule = typeof FaultRule.Type

const isSameRule = Schema.equivalence(FaultRule)

interface Armed {
  readonly rule: FaultRule
  readonly seen: number
}

export interface Faults {
  readonly add: (rules: ReadonlyArray<FaultRule>) => Effect.Effect<void>
  /** Takes away one of its like for each of the rules, the latest first. */
  readonly remove: (rules: ReadonlyArray<FaultRule>) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
  readonly rules: Effect.Effect<ReadonlyArray<FaultRule>>
  /** Counts the request and answers the rule that strikes it. */
  readonly forHttp: (
    api: HttpFaultRule["api"],
    method: string,
    path: string
  ) => Effect.Effect<HttpFaultRule | undefined>
  readonly forDns: (type: string, name: string) => Effect.Effect<DnsServerFaultRule | undefined>
}

const matches = (rule: FaultRule, api: FaultRule["api"], method: string, path: string): boolean =>
  rule.api === api &&
  (rule.method === "*" || rule.method.toUpperCase() === method.toUpperCase()) &&
  (rule.path.startsWith("~")
    ? new RegExp(rule.path.slice(1)).test(path)
    : rule.path === "*" || path.includes(rule.path))

const isDue = ({ rule, seen }: Armed): boolean => {
  switch (rule.when._tag) {
    case "Always":
      return true
    case "Nth":
      return seen === rule.when.n
    case "First":
      return seen <= rule.when.n
  }
}

export const make = Effect.fn("Faults.make")(function* (initial: ReadonlyArray<FaultRule>) {
  const armed = yield* Ref.make<ReadonlyArray<Armed>>(initial.map((rule) => ({ rule, seen: 0 })))
  const strike = (api: FaultRule["api"], method: string, path: string) =>
    Ref.modify(armed, (all) => {
      const counted = all.map((one) => ({ one, hit: matches(one.rule, api, method, path) }))
      const next = counted.map(({ one, hit }) => (hit ? { ...one, seen: one.seen + 1 } : one))
      return [next.find((one, i) => counted[i]?.hit === true && isDue(one))?.rule, next]
    })
  const faults: Faults = {
    add: (rules) => Ref.update(armed, (all) => [...all, ...rules.map((rule) => ({ rule, seen: 0 }))]),
    remove: (rules) =>
      Ref.update(armed, (all) =>
        rules.reduce((left, rule) => {
          const at = left.findLastIndex((one) => isSameRule(one.rule, rule))
          return left.filter((_, index) => index !== at)
        }, all)
      ),
    clear: Ref.set(armed, []),
    rules: Effect.map(Ref.get(armed), (all) => all.map(({ rule }) => rule)),
    forHttp: (api, method, path) =>
      Effect.map(strike(api, method, path), (rule) => (rule?.api === "dns-server" ? undefined : rule)),
    forDns: (type, name) =>
      Effect.map(strike("dns-server", type, name), (rule) => (rule?.api === "dns-server" ? rule : undefined))
  }
  return faults
})
