/** What must hold of any text that the spec parser is given, said without the parser's own rules. */
import { siteOf } from "../../src/appspec/Domain.ts"
import { isIP } from "node:net"
import { performance } from "node:perf_hooks"
import process from "node:process"
import { assert } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { maxSpecBytes, parseSpec } from "../../src/appspec/ParseSpec.ts"
import { type Spec, writtenOf } from "../../src/appspec/Spec.ts"
import { writeKeys } from "../../src/appspec/WriteSpec.ts"
import { schemaProblems } from "../support/SpecSchema.ts"
import type { Source } from "../../src/appspec/sections/Source.ts"
import type { SpecError } from "../../src/appspec/SpecError.ts"

/** Far above what any machine needs: what grows faster than its text does not come back for minutes. */
const longestMillis = 20_000

/** The smaller of wall and processor time: neither a busy machine nor a second thread counts against the parser. */
const timed = <A>(run: () => A): readonly [result: A, millis: number] => {
  const [cpu, wall] = [process.cpuUsage(), performance.now()]
  const result = run()
  const { user, system } = process.cpuUsage(cpu)
  return [result, Math.min(performance.now() - wall, (user + system) / 1000)]
}

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype]
const shape = () => JSON.stringify(prototypes.map((prototype) => Reflect.ownKeys(prototype).map(String)))
const untouched = shape()

const within = (what: string, value: number, min: number, max: number) =>
  assert.isTrue(Number.isInteger(value) && value >= min && value <= max, `${what} is ${value}`)

const host = (name: string) => {
  assert.strictEqual(new URL(`https://${name}/`).host, name)
  assert.strictEqual(isIP(name), 0)
  assert.match(name, /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/)
}

/** A host, or what is below a path of it. */
const site = (name: string) => {
  const { host: named, path } = siteOf(name)
  host(named)
  assert.strictEqual(new URL(`https://${name}`).href, `https://${named}${path || "/"}`)
}

const sourceHolds = (source: Source) => {
  switch (source._tag) {
    case "Image":
      assert.match(
        `${source.name} ${source.tag}`,
        /^([A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?\/)?[a-z0-9][a-z0-9._/-]* (\w[\w.-]{0,127}|sha256:[0-9a-f]{64})$/
      )
      within("port of the registry", Number(/:(\d+)\//.exec(source.name)?.[1] ?? 443), 1, 65_535)
      return
    case "Git": {
      const url = new URL(source.repository)
      assert.strictEqual(url.protocol, "https:")
      assert.strictEqual(url.username + url.password + url.search + url.hash, "")
      host(url.hostname)
      assert.isTrue(source.repository.endsWith(url.pathname), source.repository)
      assert.match(source.branch, /^\w[\w./-]*$/)
      assert.notMatch(source.branch, /\.\.|\/\/|\.lock$/)
      assert.match(source.commit, /^(HEAD|[0-9a-f]{40}|[0-9a-f]{64})$/)
      for (const path of [source.baseDirectory, source.dockerfile]) {
        assert.strictEqual(new URL(path, "https://host.example").href, `https://host.example${path}`)
      }
      return
    }
    case "Dockerfile":
      assert.match(source.text, /^[ \t]*FROM[ \t]/im)
      return
    case "Compose":
      // A file beside the spec is not read here.
      assert.isTrue(source.from !== undefined || /services/.test(source.text), source.text)
  }
}

const specHolds = (spec: Spec) => {
  assert.match(spec.name, /^(?!-)[a-z0-9-]{1,63}(?<!-)$/)
  spec.domains.forEach(site)
  assert.strictEqual(new Set(spec.domains).size, spec.domains.length)
  if (spec.domains.length > 0 || spec.port !== undefined) within("port", spec.port ?? 0, 1, 65_535)
  assert.match(spec.project, /^\S.{1,253}\S$/u)
  assert.match(spec.environment, /^[a-z0-9._-]{3,63}$/)
  if (spec.server !== undefined) assert.match(spec.server, /^[^\p{Cc}\u2028\u2029]{1,255}$/u)
  assert.include([undefined, "python-api", "node-api", "static-site"], spec.template)
  sourceHolds(spec.source)

  assert.strictEqual(Object.getPrototypeOf(spec.env), Object.prototype)
  for (const [key, value] of Object.entries(spec.env)) {
    assert.match(
      key,
      /^(?!COOLIFY_|SERVICE_(?:FQDN|URL|NAME)_|FABRIK_RELEASE$|__proto__$)[A-Za-z_][\w.]{0,254}$/
    )
    assert.isString(value)
    // oxlint-disable-next-line no-control-regex -- they are what must be absent
    assert.notMatch(value, /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]|\p{Cs}/u)
  }
  assert.strictEqual(new Set(spec.secrets).size, spec.secrets.length)
  for (const name of spec.secrets) {
    assert.match(
      name,
      /^(?!COOLIFY_|SERVICE_(?:FQDN|URL|NAME)_|FABRIK_RELEASE$|__proto__$|PORT$)[A-Za-z_][\w.]{0,254}$/
    )
    assert.isFalse(Object.hasOwn(spec.env, name), name)
  }

  const { dns, healthcheck } = spec
  if (dns.ttl !== undefined) within("ttl", dns.ttl, 30, 86_400)
  if (dns.target !== undefined && isIP(dns.target) === 0) host(dns.target)
  assert.notInclude(spec.domains, dns.target)
  assert.isFalse(dns.proxied && dns.provider === "powerdns")

  assert.strictEqual(
    new URL(healthcheck.path, "https://host.example").href,
    `https://host.example${healthcheck.path}`
  )
  assert.notMatch(healthcheck.path, /\/\/|[?#\\]|%2f|%5c|%00/i)
  within("status", healthcheck.status, 200, 599)
  within("retries", healthcheck.retries, 1, 100)
  within("timeout", Duration.toSeconds(healthcheck.timeout), 1, 300)
  within("interval", Duration.toSeconds(healthcheck.interval), 1, 300)
  within("startPeriod", Duration.toSeconds(healthcheck.startPeriod), 0, 3600)
  within("settle", Duration.toSeconds(healthcheck.settle), 0, 600)
  const { release } = healthcheck
  if (release?._tag === "Header") assert.match(release.name, /^[a-z0-9-]{1,64}$/)
  if (release?._tag === "Json")
    for (const step of release.path) assert.match(step, /^(?!__proto__$)[\w-]{1,64}$/)
}

/** A message that is its own way out says what would be right. */
const saysWhatIsRight = /must be|has (at most )?\d|has at most|is lower case|is `sha256/

const errorHolds = (text: string, { message, problems }: SpecError) => {
  assert.isAbove(problems.length, 0)
  assert.isAtMost(message.length, 60_000)
  // oxlint-disable-next-line no-control-regex -- they are what must be absent
  assert.notMatch(message, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]|\p{Cs}/u)
  const lines = text.split("\n")
  for (const { line, column, message: what, hint } of problems) {
    assert.isTrue(saysWhatIsRight.test(what) || (hint ?? "") !== "", `no next step: ${what}`)
    if (Buffer.byteLength(text) > maxSpecBytes) {
      assert.deepStrictEqual([line, column], [0, 0])
      continue
    }
    within(`line (of ${lines.length})`, line, 1, lines.length)
    within(`column in line ${line}`, column, 1, (lines[line - 1] ?? "").length + 1)
  }
}

const parse = (text: string) => parseSpec(text, "spec.yaml")

/** Throws what is wrong with the parser's answer to `text`; otherwise the answer. */
export const judge = (text: string): Either.Either<Spec, SpecError> => {
  const [answer, millis] = timed(() => parse(text))
  // A collection of garbage that others left may fall into a run, but not into two.
  if (millis > longestMillis) assert.isAtMost(timed(() => parse(text))[1], longestMillis, "milliseconds")
  assert.strictEqual(shape(), untouched, "a prototype was changed")
  if (Either.isLeft(answer)) {
    errorHolds(text, answer.left)
    return answer
  }
  specHolds(answer.right)
  assert.deepStrictEqual(Either.getOrThrow(parse(text)), answer.right)
  assert.deepStrictEqual(schemaProblems(text), [], "the JSON Schema refuses it")
  // What the writer is for has no thousands of lines, and the library that writes takes long over them.
  if (text.split("\n").length > 5_000) return answer
  const rewritten = writeKeys(writtenOf(answer.right))
  // With what the template gives written out it may have become too large.
  if (Buffer.byteLength(rewritten) > maxSpecBytes) return answer
  // Values stand as they are, whatever the environment.
  const again = parseSpec(rewritten, "spec.yaml", new Map())
  assert.isTrue(Either.isRight(again), `its own text is refused:\n${rewritten}`)
  assert.deepStrictEqual(Either.getOrThrow(again), answer.right)
  return answer
}
