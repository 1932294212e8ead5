import { it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import { assert, describe, vi } from "vitest"
import { wrap } from "../../src/ui/Layout.ts"
import { makeRedactor, redactedMark } from "../../src/ui/Redactor.ts"
import { formsOf, shortestSecret } from "../../src/ui/SecretForms.ts"

const knowing = (...secrets: ReadonlyArray<string>) => {
  const redactor = makeRedactor()
  for (const secret of secrets) redactor.learn(Redacted.make(secret))
  return redactor
}

/** What a reader sees of a text that comes in these pieces. */
const written = (redactor: ReturnType<typeof makeRedactor>, pieces: ReadonlyArray<string>): string => {
  let seen = ""
  const { write, flush } = redactor.stream((text) => (seen += text), undefined)
  pieces.forEach(write)
  flush()
  return seen
}

const split = (text: string, cuts: ReadonlyArray<number>): ReadonlyArray<string> => {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length].toSorted((a, b) => a - b)
  return places.slice(1).map((end, index) => text.slice(places[index], end))
}

const bytes = (text: string) => Array.from(Buffer.from(text), (byte) => byte.toString(16).padStart(2, "0"))
const unitEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`

/** Encodings as other code makes them, apart from the ones in SecretForms. */
const encoders: Record<string, (secret: string) => string> = {
  raw: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  base64url: (secret) => Buffer.from(secret).toString("base64url"),
  hex: (secret) => Buffer.from(secret).toString("hex"),
  "upper-case hex": (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
  encodeURIComponent,
  encodeURI,
  "a form": (secret) => new URLSearchParams({ "": secret }).toString().slice(1),
  "lower-case percent": (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  JSON: (secret) => JSON.stringify(secret).slice(1, -1),
  "JSON in JSON": (secret) => JSON.stringify(JSON.stringify(secret)).slice(3, -3),
  "JSON of PHP": (secret) =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replaceAll("/", "\\/")
      .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
}

/** Those that escape single characters: one in front would change what the first escape means, so that a blank goes before. */
const escapers: typeof encoders = {
  "JSON of Go, safe in HTML": (secret) => JSON.stringify(secret).slice(1, -1).replace(/[<>&]/g, unitEscape),
  "JSON in JSON in JSON": (secret) => JSON.stringify(JSON.stringify(JSON.stringify(secret))).slice(5, -5),
  "percent, every byte": (secret) =>
    bytes(secret)
      .map((byte) => `%${byte}`)
      .join(""),
  "percent, every byte, in mixed case": (secret) =>
    bytes(secret)
      .map((byte, index) => `%${index % 2 === 0 ? byte : byte.toUpperCase()}`)
      .join(""),
  "percent, some characters, in mixed case": (secret) =>
    Array.from(secret, (character, index) =>
      index % 3 === 0
        ? bytes(character)
            .map((byte) => `%${index % 2 === 0 ? byte : byte.toUpperCase()}`)
            .join("")
        : character === "%"
          ? "%25"
          : character
    ).join(""),
  "HTML, by name": (secret) =>
    secret.replace(
      /[&<>"']/g,
      (found) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[found] ?? "&apos;"
    ),
  "HTML, by number": (secret) =>
    Array.from(secret, (character, index) => {
      const code = character.codePointAt(0) ?? 0
      return /\w/.test(character) ? character : index % 2 === 0 ? `&#${code};` : `&#x${code.toString(16)};`
    }).join(""),
  "a shell's word": (secret) => secret.replace(/[^\w\u0080-\u{10ffff}]/gu, (found) => `\\${found}`),
  "a shell's quotes": (secret) => secret.replaceAll("'", `'\\''`),
  "a shell's quotes, in Python's way": (secret) => secret.replaceAll("'", `'"'"'`),
  "a shell's quotes, in JSON": (secret) => JSON.stringify(secret.replaceAll("'", `'\\''`)).slice(1, -1)
}

/** Long enough to be told from chance in any alphabet; with what every encoding has to escape. */
const secret = FastCheck.array(
  FastCheck.constantFrom(..."abcXYZ0189 +/=%&?#\"'\\<>{}|~$:;,.-_!*()\t\u00e9\u2713\u{1f511}"),
  { minLength: 10, maxLength: 40 }
)
  .map((characters) => characters.join("").trim())
  .filter((text) => text.length >= 10)

const text = FastCheck.string({ maxLength: 60 })
const cuts = FastCheck.array(FastCheck.nat(400), { maxLength: 8 })

describe("a known secret", () => {
  for (const [name, encode] of Object.entries({ ...encoders, ...escapers })) {
    it.prop(`is taken out as ${name}, however the text is cut`, [secret, text, text, cuts], (given) => {
      const [value, before, after, places] = given
      const encoded = encode(value)
      const gap = name in escapers ? " " : ""
      const seen = written(knowing(value), split(before + gap + encoded + after, places))
      // Base64 may end in a character that the neighbour decides too.
      const core = name.startsWith("base64")
        ? encoded.slice(0, Math.floor((Buffer.byteLength(value) * 8) / 6))
        : encoded
      assert.notInclude(seen, core)
      assert.include(seen, redactedMark)
    })
  }

  it.prop(
    "is taken out of the middle of what was encoded in base64",
    [secret, FastCheck.nat(5), FastCheck.nat(5), FastCheck.boolean(), cuts],
    ([value, before, after, urlSafe, places]) => {
      const bytes = Buffer.concat([Buffer.alloc(before, "u"), Buffer.from(value), Buffer.alloc(after, ":")])
      const encoded = bytes.toString(urlSafe ? "base64url" : "base64")
      const seen = written(knowing(value), split(`Basic ${encoded}\n`, places))
      assert.include(seen, redactedMark)
      // What is left of the secret is less than one byte at either end.
      const left = seen.replace("Basic ", "").replace(redactedMark, "").trim()
      assert.isAtMost(left.length, Math.ceil((before * 8) / 6) + Math.ceil((after * 8) / 6) + 4)
    }
  )

  it.prop("looks the same whether it comes at once or in pieces", [secret, secret, text, cuts], (given) => {
    const [one, two, between, places] = given
    const whole = one + between + two + one.slice(0, 7) + two.slice(0, 8) + one
    const redactor = knowing(one, two)
    assert.strictEqual(written(redactor, split(whole, places)), redactor.text(whole))
  })

  it.prop("leaves any other text as it is, however it is cut", [secret, text, cuts], (given) => {
    const [value, other, places] = given
    FastCheck.pre(![...formsOf(value)].some((form) => other.includes(form)))
    assert.strictEqual(written(knowing(value), split(other, places)), other)
  })

  it("is taken out where two of them overlap, and shown to be one or two", () => {
    const redactor = knowing("abcdefgh", "efghijkl")
    assert.strictEqual(redactor.text("<abcdefghijkl>"), `<${redactedMark}>`)
    assert.strictEqual(redactor.text("<abcdefghabcdefgh>"), `<${redactedMark}${redactedMark}>`)
    for (let at = 0; at < 14; at++) {
      assert.strictEqual(written(redactor, split("<abcdefghijkl>", [at])), `<${redactedMark}>`)
    }
  })

  it("is taken out where the screen has broken it, painted or not", () => {
    const long = "k9".repeat(60)
    const phrase = "correct horse battery staple and then some more words to fill a line"
    const redactor = knowing(long, phrase)
    for (const paint of [(line: string) => line, (line: string) => `\u001b[2m${line}\u001b[22m`]) {
      for (const lead of ["", "  | ", "      | "]) {
        const lines = wrap(`the log says ${long} and ${phrase} too`, 80, lead).map(paint)
        const seen = redactor.text(`${lines.join("\n")}\n`)
        assert.notMatch(seen, /k9k9|correct|battery|staple|fill/)
        assert.include(seen, "the log says")
        assert.include(seen, "too")
      }
    }
  })

  it("of several lines is taken out line by line, but for lines that tell nothing", () => {
    const pem =
      "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n}\n-----END KEY-----\n"
    const redactor = knowing(pem)
    assert.strictEqual(redactor.text(pem), `${redactedMark}\n`)
    assert.strictEqual(redactor.text("| MIIEvQIBADANBgkqhkiG9w0B\n| }\n"), `| ${redactedMark}\n| }\n`)
    assert.strictEqual(written(redactor, pem.split(/(?<=\n)/)), `${redactedMark}\n`)
  })

  it("is known by the part that opens as much as the whole", () => {
    const redactor = knowing("12|Zx81sanctumsecret", "postgres://app:p%40ssw0rd@db:5432/app")
    for (const part of ["Zx81sanctumsecret", "p%40ssw0rd", "p@ssw0rd"]) {
      assert.strictEqual(redactor.text(`(${part})`), `(${redactedMark})`)
    }
    assert.strictEqual(redactor.text("postgres://app"), "postgres://app")
    assert.strictEqual(knowing("https://ghp_token123@github.com/x").text("ghp_token123"), redactedMark)
  })

  it("is taken out where an error repeats what stands behind a quote", () => {
    const redactor = knowing("pa'ssword'1234567", "first'x\nsecond'line-two", "tail-of-it\\")
    const said = (detail: string) => redactor.text(`failed to read /artifacts/x/.env: line 7: ${detail}`)
    const name = (rest: string) => `unexpected character "'" in variable name ${JSON.stringify(rest)}`
    for (const rest of ["ssword'1234567'", "1234567'", "line-two'"]) {
      assert.include(said(name(rest)), `in variable name "${redactedMark}'"`)
      assert.include(redactor.text(JSON.stringify({ detail: name(rest) })), redactedMark)
      assert.notInclude(JSON.stringify({ detail: redactor.text(JSON.stringify(name(rest))) }), rest)
    }
    assert.include(said("unterminated quoted value 'tail-of-it\\'"), `quoted value '${redactedMark}'`)
    // Two characters could be anybody's.
    assert.strictEqual(redactor.text("pa"), "pa")
  })

  it("of several lines is taken out of events that bring them one by one", () => {
    const redactor = knowing("hunter2-a\nhunter2-b\n{\n}")
    const events = ["hunter2-a", "hunter2-b", "{"].map((line) => `${JSON.stringify({ _tag: "Log", line })}\n`)
    assert.strictEqual(
      written(redactor, events),
      `{"_tag":"Log","line":"${redactedMark}"}\n{"_tag":"Log","line":"${redactedMark}"}\n{"_tag":"Log","line":"{"}\n`
    )
  })

  it("leaves what stands beside it, however much of that is escaped", () => {
    const redactor = knowing("hunter2&more")
    assert.strictEqual(redactor.text("a%20b=%68unter2%26more%20c"), `a%20b=${redactedMark}%20c`)
    assert.strictEqual(redactor.text("&lt;hunter2&amp;more&gt;"), `&lt;${redactedMark}&gt;`)
    assert.strictEqual(redactor.text('{"a":"\\"hunter2\\u0026more\\""}'), `{"a":"\\"${redactedMark}\\""}`)
  })

  it(`of fewer than ${shortestSecret} characters is left alone`, () => {
    assert.strictEqual(knowing("12345", " 123 \n").text("12345 123"), "12345 123")
    assert.strictEqual(knowing("123456").text("123456"), redactedMark)
  })

  it("that is meant to be shown is shown", () => {
    const redactor = knowing("123456789")
    redactor.show(Redacted.make("123456789"))
    assert.strictEqual(redactor.text("123456789"), "123456789")
  })

  it("is taken out from the moment it is known", () => {
    let seen = ""
    const redactor = makeRedactor()
    const { write, flush } = redactor.stream((text) => (seen += text), undefined)
    write("one two-three\n")
    redactor.learn(Redacted.make("two-three"))
    write("one two-three\n")
    flush()
    assert.strictEqual(seen, `one two-three\none ${redactedMark}\n`)
  })
})

describe("what is held back", () => {
  const streamOf = (secret: string, linger: number | undefined) => {
    const seen: Array<string> = []
    return { seen, ...knowing(secret).stream((text) => seen.push(text), linger) }
  }

  it("is only what may be the beginning of a secret, and nothing of a finished line", () => {
    const { seen, write } = streamOf("hunter2hunter2", undefined)
    write("a line\n")
    write("see hunt")
    write("ers\n")
    assert.deepStrictEqual(seen, ["a line\n", "see ", "hunters\n"])
  })

  it("comes by itself where somebody waits for it, and waits for the rest elsewhere", () => {
    vi.useFakeTimers()
    try {
      const terminal = streamOf("y/N] or else", 30)
      const file = streamOf("y/N] or else", undefined)
      for (const { write } of [terminal, file]) write("Carry it out? [y/N] ")
      assert.deepStrictEqual(terminal.seen, ["Carry it out? ["])
      vi.advanceTimersByTime(30)
      assert.strictEqual(terminal.seen.join(""), "Carry it out? [y/N] ")
      assert.strictEqual(file.seen.join(""), "Carry it out? [")
      file.flush()
      assert.strictEqual(file.seen.join(""), "Carry it out? [y/N] ")
    } finally {
      vi.useRealTimers()
    }
  })
})

describe("what it costs", () => {
  it("is little for a long log full of escapes", () => {
    const redactor = knowing(
      ...Array.from({ length: 20 }, (_, index) => `s${index}-${"Ab3/".repeat(8)}${index * 7919}`)
    )
    const line = `${JSON.stringify({ line: JSON.stringify({ url: "/a%20b?c=%2Fd&amp;e", text: 'it\'s "so"\n' }) })}\n`
    const log = line.repeat(4_000)
    redactor.text(line)
    const began = performance.now()
    assert.strictEqual(redactor.text(log), log)
    // About 0.5 s for 400 kB, on a machine that may be busy.
    assert.isBelow(performance.now() - began, 5_000)
  })

  it("is little for a long log and many secrets", () => {
    const secrets = Array.from({ length: 20 }, (_, index) => `s${index}-${"Ab3/".repeat(8)}${index * 7919}`)
    const redactor = knowing(...secrets)
    const line = "2026-01-31T12:00:00Z GET /api/v1/applications/h4k2j1/logs?lines=100 200 12 ms\n"
    const log = line.repeat(10_000)
    redactor.text(line)
    const began = performance.now()
    assert.strictEqual(redactor.text(log), log)
    // About 0.1 s for 800 kB, on a machine that may be busy.
    assert.isBelow(performance.now() - began, 2_000)
  })
})
