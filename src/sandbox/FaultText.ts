/**
 * One fault rule in one line, for the command line:
 *
 *     <api> <method> <path> <kind> [before|after] [always|x<n>|#<n>] [retry-after=<s>] [body=<rest of the line>]
 *
 * - api: `coolify`, `dns` (the zone API), `dns-server` (the name server: method is the record type, path the name)
 * - method, path: `*` is any; a path is a substring, or `~` and a regular expression (neither with spaces)
 * - kind: `status=<code>`, `reset`, `hang`, `delay=<ms>`, `garbage`, `truncate`; for `dns-server` `servfail`,
 *   `drop`, `refuse`, `stale=<ms>`
 * - `before` (default, but for `garbage` and `truncate`): the API never sees the request; `after`: it does
 * - `x2`: the first two, `#2`: only the second; default: always
 *
 * `coolify POST /deploy reset after x1`, `dns PATCH /zones status=500`, `dns-server A api.example.com stale=5000 x3`
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { FaultRule, isPattern } from "./Faults.ts"
import { SandboxError } from "./SandboxError.ts"

const bad = (text: string, why: string) =>
  Either.left(new SandboxError({ reason: "BadFault", detail: `fault \`${text}\`: ${why}` }))

const numberAfter = (word: string, prefix: string): number | undefined =>
  word.startsWith(prefix) && /^\d{1,7}$/.test(word.slice(prefix.length))
    ? Number(word.slice(prefix.length))
    : undefined

const parseWhen = (word: string) => {
  if (word === "always") return { _tag: "Always" }
  const first = numberAfter(word, "x")
  if (first !== undefined) return { _tag: "First", n: first }
  const nth = numberAfter(word, "#")
  return nth === undefined ? undefined : { _tag: "Nth", n: nth }
}

const parseKind = (word: string): Readonly<Record<string, unknown>> => {
  const status = numberAfter(word, "status=")
  if (status !== undefined) return { _tag: "status", status }
  const [tag = "", millis] = word.split("=")
  return millis === undefined ? { _tag: tag } : { _tag: tag, millis: numberAfter(millis, "") }
}

/** Reads one rule; the error says what is wrong with it. */
export const parse = (text: string): Either.Either<FaultRule, SandboxError> => {
  const [, head = "", body] = /^(.*?)(?:\s+body=([^]*))?$/.exec(text.trim()) ?? []
  const [api = "", method, path, kindWord, ...options] = head.split(/\s+/)
  if (method === undefined || path === undefined || kindWord === undefined) {
    return bad(text, "expected `<api> <method> <path> <kind>`, e.g. `coolify POST /deploy reset after x1`")
  }
  if (!isPattern(path)) return bad(text, `\`${path.slice(1)}\` is no regular expression`)
  const kind = parseKind(kindWord)
  let when: unknown = { _tag: "Always" }
  let effect = kind["_tag"] === "garbage" || kind["_tag"] === "truncate" ? "after" : "before"
  let retryAfter: number | undefined
  for (const option of options) {
    const nextWhen = parseWhen(option)
    const seconds = numberAfter(option, "retry-after=")
    if (nextWhen !== undefined) when = nextWhen
    else if (option === "before" || option === "after") effect = option
    else if (seconds !== undefined) retryAfter = seconds
    else return bad(text, `\`${option}\` is not known here`)
  }
  const extras = {
    ...(body === undefined ? {} : { body }),
    ...(retryAfter === undefined ? {} : { headers: { "retry-after": String(retryAfter) } })
  }
  const hasExtras = Object.keys(extras).length > 0
  if (hasExtras && kind["_tag"] !== "status") return bad(text, "only `status=` has a body or headers")
  const rule = { api, method, path, when, effect, kind: { ...kind, ...extras } }
  return Either.mapLeft(
    Schema.decodeUnknownEither(FaultRule)(rule),
    () =>
      new SandboxError({
        reason: "BadFault",
        detail: `fault \`${text}\`: the API is coolify, dns or dns-server; kinds are status=<200-599>, reset, hang, delay=<ms>, garbage, truncate, for dns-server servfail, drop, refuse, stale=<ms>`
      })
  )
}

/** The line that {@link parse} reads back as `rule`; other headers than `retry-after` have no text form. */
export const format = (rule: FaultRule): string => {
  const { kind, when } = rule
  const word =
    kind._tag === "status"
      ? `status=${kind.status}`
      : "millis" in kind
        ? `${kind._tag}=${kind.millis}`
        : kind._tag
  const often = when._tag === "Always" ? "always" : when._tag === "First" ? `x${when.n}` : `#${when.n}`
  const retryAfter = kind._tag === "status" ? kind.headers?.["retry-after"] : undefined
  return [
    rule.api,
    rule.method,
    rule.path,
    word,
    ...("effect" in rule ? [rule.effect] : []),
    often,
    ...(retryAfter === undefined ? [] : [`retry-after=${retryAfter}`]),
    ...(kind._tag === "status" && kind.body !== undefined ? [`body=${kind.body}`] : [])
  ].join(" ")
}

/** Rules as they are, lines read; the first bad line fails. */
export const parseAll = (
  rules: ReadonlyArray<FaultRule | string>
): Either.Either<ReadonlyArray<FaultRule>, SandboxError> =>
  Either.all(rules.map((rule) => (typeof rule === "string" ? parse(rule) : Either.right(rule))))
