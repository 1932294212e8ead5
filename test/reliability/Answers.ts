/** Answers of an API as they were recorded, and what can become of them on the way or in bad hands. */
import { gzipSync } from "node:zlib"
import type { Dice } from "./Dice.ts"

/** What comes back for one request. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** `silent`: no headers ever; `stalled`, `broken`: the body stops halfway and hangs, or the connection goes. */
  readonly fate: "whole" | "silent" | "stalled" | "broken" | "refused"
}

/** Stands for what must not come out again; the callers put in their own. */
export interface Canaries {
  readonly token: string
  /** A value that only a field for secrets holds. */
  readonly hidden: string
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const ids = [
  "",
  ".",
  "..",
  "../../x",
  "/etc",
  "a/b",
  "a%2Fb",
  "A-B",
  "ü",
  "x".repeat(65),
  "a b",
  "a\nb",
  "?x",
  "#",
  "@evil.example"
]

const numbers = [0, -1, 1.5, 1e308, "Infinity", "NaN", "-7", "1.5", "9".repeat(400), ""]

/** What is wrong for that very key. */
const oddFor = (dice: Dice, canaries: Canaries, key: string, value: unknown): unknown => {
  if (dice.chance(0.5)) return odd(dice, canaries)
  if (/^(id|.*uuid)$/.test(key)) return dice.pick(ids)
  if (typeof value === "number") return dice.pick(numbers)
  return dice.pick([null, [value], { [key]: value }, 7])
}

/** Values of the wrong kind, size or meaning. */
const odd = (dice: Dice, { token }: Canaries): unknown =>
  dice.pick<() => unknown>([
    () => null,
    () => true,
    () => 0,
    () => -1,
    () => 1.5,
    () => 1e308,
    () => "Infinity",
    () => "NaN",
    () => "-7",
    () => "9".repeat(400),
    () => [],
    () => ({}),
    () => [[]],
    () => "",
    () => dice.pick(ids),
    () => dice.pick(ids),
    () => token,
    () => token,
    () => token,
    () => `Bearer ${token}\n`,
    () => "\u0000\u001B[2J\u202E\uD800",
    () => "<script>alert(1)</script>",
    () => dice.pick(["x", "/", '\\"', "1.", "例", " ", ":"]).repeat(dice.pick([300, 70_000, 300_000])),
    () => `"${'\\"'.repeat(50_000)}`,
    () => `https://x.example/${"/".repeat(200_000)}x`,
    () => Array.from({ length: 3000 }, () => ({}))
  ])()

const names = [
  "uuid",
  "id",
  "name",
  "status",
  "logs",
  "deployments",
  "applications",
  "result",
  "rrsets",
  "ttl",
  "type",
  "__proto__",
  "constructor",
  "toString",
  ""
]

/** Where things can be changed: every member of every list and map inside, as a way from the top. */
const places = (node: unknown, way: ReadonlyArray<string> = []): ReadonlyArray<ReadonlyArray<string>> =>
  typeof node !== "object" || node === null
    ? []
    : Object.entries(node).flatMap(([key, value]) => [[...way, key], ...places(value, [...way, key])])

/** Objects are lists of pairs here, so that a key can stand twice and `__proto__` is one like any other. */
class Pairs {
  readonly pairs: ReadonlyArray<readonly [string, unknown]>
  constructor(pairs: ReadonlyArray<readonly [string, unknown]>) {
    this.pairs = pairs
  }
}

const change = (
  dice: Dice,
  canaries: Canaries,
  node: unknown,
  [key, ...rest]: ReadonlyArray<string>
): unknown => {
  if (typeof node !== "object" || node === null) return node
  const list = Array.isArray(node)
  const pairs = node instanceof Pairs ? node.pairs : Object.entries(node)
  const next = pairs.flatMap(([own, value]): ReadonlyArray<readonly [string, unknown]> => {
    if (own !== key) return [[own, value]]
    if (rest.length > 0) return [[own, change(dice, canaries, value, rest)]]
    return dice.pick<() => ReadonlyArray<readonly [string, unknown]>>([
      () => [],
      () => [[own, oddFor(dice, canaries, own, value)]],
      () => [[own, oddFor(dice, canaries, own, value)]],
      () => [[own, oddFor(dice, canaries, own, value)]],
      () => [[own, oddFor(dice, canaries, own, value)]],
      () => [
        [own, typeof value === "number" ? String(value) : typeof value === "string" ? Number(value) : [value]]
      ],
      () => [[dice.pick(names), value]],
      () => [
        [own, value],
        [own, odd(dice, canaries)]
      ],
      () => [[own, { [own]: value }]]
    ])()
  })
  return list ? next.map(([, value]) => value) : new Pairs(next)
}

const written = (node: unknown): string => {
  if (node instanceof Pairs)
    return `{${node.pairs.map(([key, value]) => `${JSON.stringify(key)}:${written(value)}`).join(",")}}`
  if (Array.isArray(node)) return `[${node.map(written).join(",")}]`
  if (typeof node !== "object" || node === null) return JSON.stringify(node) ?? "null"
  return `{${Object.entries(node)
    .map(([key, value]) => `${JSON.stringify(key)}:${written(value)}`)
    .join(",")}}`
}

const changed = (dice: Dice, canaries: Canaries, body: unknown): unknown => {
  let now = body
  for (let left = 1 + dice.below(3); left > 0; left--) {
    const all = places(now)
    now =
      all.length === 0 || dice.chance(0.05)
        ? odd(dice, canaries)
        : change(dice, canaries, now, dice.pick(all))
  }
  return now
}

/** What can become of a text on the wire. */
const garbled = (dice: Dice, { token, hidden }: Canaries, text: string): Uint8Array =>
  dice.pick<() => Uint8Array>([
    () => bytes(text.slice(0, dice.below(text.length + 1))),
    () => bytes(`\uFEFF${text}`),
    // JSON has no infinity, but it has numbers that are read as one.
    () => bytes(text.replaceAll(/(?<=":)\d+/g, () => dice.pick(["1e999", "-1e999", "1e-9", "0"]))),
    () =>
      Buffer.concat([
        bytes(text.slice(0, text.length / 2)),
        new Uint8Array([0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
        bytes(text.slice(text.length / 2))
      ]),
    () => gzipSync(text),
    () => new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3]),
    () => bytes(`<!doctype html><title>502</title>${token} ${hidden}`),
    () => bytes(text + text),
    () => bytes(`${text}\n${token}`),
    () => bytes("[".repeat(100_000)),
    () => bytes('{"a":'.repeat(50_000)),
    () => bytes(""),
    () => bytes("null"),
    () => bytes(JSON.stringify(text)),
    () => new Uint8Array(300)
  ])()

const waits = [
  "",
  "0",
  "1",
  "30",
  "31",
  "-1",
  "1e9",
  "9".repeat(400),
  "1.5",
  "soon",
  "0x10",
  "Mon",
  "Wed, 25 Nov 2026 00:00:10 GMT",
  "Wed, 25 Nov 1970 00:00:10 GMT",
  "Fri, 31 Dec 9999 23:59:59 GMT",
  "2026-11-25",
  "\u00A0"
]
const targets = [
  "",
  "/",
  "//evil.example/",
  "https://evil.example/api/v1/servers",
  "http://169.254.169.254/",
  "javascript:alert(1)",
  "file:///etc/passwd",
  "https://[",
  "https://user:pw@evil.example"
]
const contents = [
  "application/json",
  "text/html",
  "application/octet-stream",
  "",
  "application/json; charset=utf-16",
  "multipart/form-data"
]
const statuses = [
  200, 200, 200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 413,
  418, 421, 422, 423, 425, 429, 451, 499, 500, 501, 502, 503, 504, 521, 599
]

const plainHeaders = { "content-type": "application/json" }

/** An answer as it should be. */
export const right = (body: unknown, status = 200): Answer => ({
  status,
  headers: plainHeaders,
  body: bytes(JSON.stringify(body)),
  fate: "whole"
})

/** An answer made from `body`, with anything at all wrong with it. */
export const mutated = (dice: Dice, canaries: Canaries, body: unknown): Answer => {
  const text = written(dice.chance(0.75) ? changed(dice, canaries, body) : body)
  // The server may hand back what it was given.
  const said = dice.chance(0.1)
    ? written({
        message: `${canaries.token} is refused`,
        error: canaries.token,
        errors: { [canaries.token]: [canaries.token] },
        success: false
      })
    : text
  return {
    status: dice.chance(0.6) ? 200 : dice.chance(0.8) ? dice.pick(statuses) : 100 + dice.below(500),
    headers: {
      "content-type": dice.chance(0.7) ? "application/json" : dice.pick(contents),
      ...(dice.chance(0.3) ? { "retry-after": dice.pick(waits) } : {}),
      ...(dice.chance(0.2) ? { location: dice.pick(targets) } : {})
    },
    body: dice.chance(0.25) ? garbled(dice, canaries, said) : bytes(said),
    fate: dice.chance(0.9) ? "whole" : dice.pick(["silent", "stalled", "broken", "refused"])
  }
}
