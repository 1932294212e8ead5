/** The forms in which a secret may turn up in a text: as it is, in parts, and in the encodings that programs use. */
import { clean, cleanLines } from "./Sanitize.ts"

/**
 * Shorter texts are not looked for: taking every `8080` or `admin` out of the output would make it unreadable, and hide
 * nothing, as so short a value is quickly guessed. It is also the length of the piece by which a text is searched.
 */
export const shortestSecret = 6

/**
 * A line of a longer secret (of a PEM file, say) counts by itself, as logs and events come line by line, and so does what
 * stands behind a quote, as errors repeat it. But `}` and `"a": 1` tell nothing, and would be taken out everywhere.
 */
const tellsEnough = (part: string): boolean =>
  part.length >= shortestSecret && part.replace(/[^\p{L}\p{N}]/gu, "").length >= shortestSecret

/** Every form of a secret that is looked for; none where it is shorter than {@link shortestSecret}. */
export const formsOf = (secret: string): ReadonlySet<string> =>
  new Set(
    [...textsOf(secret)].flatMap((text) => encodings.flatMap((encode) => encode(text))).filter(isLongEnough)
  )

const isLongEnough = (text: string): boolean => text.length >= shortestSecret

/** What gives the secret away: all of it, as the screen would clean it, and those parts that open as much. */
export const textsOf = (secret: string): ReadonlySet<string> => {
  const whole = secret.trim()
  const lines = cleanLines(whole)
  // A Coolify token is `<id>|<secret>`, and the second half alone is the key.
  const token = /^\d+\|(.+)$/u.exec(whole)?.[1]
  // The password of a URL, or the user where a token stands in its place.
  const [, user, password] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#\s:@]*)(?::([^/?#\s@]*))?@/iu.exec(whole) ?? []
  const credential = password ?? user
  const parts = [...whole.split(/\r\n|\n|\r/u), ...lines].flatMap((line) => [line, ...quoteParts(line)])
  return new Set(
    [
      whole,
      clean(whole),
      lines.join("\n"),
      ...parts.map((part) => part.trim()).filter(tellsEnough),
      ...(token === undefined ? [] : [token]),
      ...(credential === undefined ? [] : [credential, percentDecoded(credential)])
    ].filter(isLongEnough)
  )
}

/**
 * Of a line with single quotes: what stands between them, and all that stands behind each. A shell or Compose stops
 * understanding at such a quote, and its error repeats what comes next.
 */
const quoteParts = (line: string): ReadonlyArray<string> => {
  const pieces = line.split("'")
  return pieces.length === 1 ? [] : pieces.flatMap((piece, index) => [piece, pieces.slice(index).join("'")])
}

const percentDecoded = (text: string): string => {
  const pieces = text.split(/((?:%[0-9a-f]{2})+)/iu)
  return pieces
    .map((piece, index) =>
      index % 2 === 0 ? piece : Buffer.from(piece.replaceAll("%", ""), "hex").toString("utf8")
    )
    .join("")
}

const bytesOf = (text: string): ReadonlyArray<number> => [...Buffer.from(text, "utf8")]
const hex = (byte: number): string => byte.toString(16).padStart(2, "0")

/**
 * The characters that the text alone decides, wherever it stands in what was encoded: in front of it come 0, 1 or 2
 * bytes of a group of three, so that at either end one character may depend on its neighbours too.
 */
const base64 = (text: string): ReadonlyArray<string> => {
  const bytes = Buffer.from(text, "utf8")
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64")
    const standard = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
    return [standard, standard.replaceAll("+", "-").replaceAll("/", "_")]
  })
}

const percent =
  (kept: RegExp, space = "%20") =>
  (text: string): ReadonlyArray<string> => {
    const encoded = (escape: (byte: number) => string) =>
      bytesOf(text)
        .map((byte) => {
          const character = String.fromCharCode(byte)
          return character === " " ? space : kept.test(character) ? character : `%${escape(byte)}`
        })
        .join("")
    return [encoded((byte) => hex(byte).toUpperCase()), encoded(hex)]
  }

const quoted = (text: string): string => JSON.stringify(text).slice(1, -1)

/** As JavaScript and Go write JSON, and as PHP and Python do; in either way once, and inside another JSON text. */
const json = (text: string): ReadonlyArray<string> => {
  const ascii = (line: string) =>
    line.replace(/[\u0080-\u{10ffff}]/gu, (character) =>
      Array.from(
        { length: character.length },
        (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`
      ).join("")
    )
  const once = [
    quoted(text),
    ascii(quoted(text)),
    quoted(text).replaceAll("/", "\\/"),
    ascii(quoted(text)).replaceAll("/", "\\/")
  ]
  return [...once, ...once.map(quoted), ...once.map((line) => quoted(line).replaceAll("/", "\\/"))]
}

const encodings: ReadonlyArray<(text: string) => ReadonlyArray<string>> = [
  (text) => [text],
  base64,
  (text) => {
    const digits = bytesOf(text).map(hex).join("")
    return [digits, digits.toUpperCase()]
  },
  // encodeURIComponent, encodeURI, RFC 3986, and a form's body.
  percent(/[A-Za-z0-9\-_.!~*'()]/u),
  percent(/[A-Za-z0-9\-_.!~*'();,/?:@&=+$#]/u),
  percent(/[A-Za-z0-9\-._~]/u),
  percent(/[A-Za-z0-9*\-._]/u, "+"),
  json
]
