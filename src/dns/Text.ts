/** The presentation form of TXT values (RFC 1035, 5.1). */

/** The text of a TXT value: its quoted chunks joined, `\"`, `\\` and `\ddd` (a byte of UTF-8) undone. */
export const unquoteText = (content: string): string => {
  if (!content.startsWith('"')) return content
  const bytes = [...content.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].flatMap(([, chunk = ""]) =>
    [...chunk.matchAll(/\\(\d{3})|\\?([^])/gu)].flatMap(([, code, character = ""]) =>
      code === undefined ? [...new TextEncoder().encode(character)] : [Number(code) & 0xff]
    )
  )
  return new TextDecoder().decode(new Uint8Array(bytes))
}

/** A TXT value in quoted chunks of at most 255 bytes; bytes outside of printable ASCII become `\ddd`. */
export const quoteText = (text: string): string => {
  const bytes = [...new TextEncoder().encode(text)]
  const chunks = Array.from({ length: Math.max(1, Math.ceil(bytes.length / 255)) }, (_, index) =>
    bytes.slice(index * 255, (index + 1) * 255)
  )
  const escaped = (byte: number): string => {
    const character = String.fromCharCode(byte)
    if (character === '"' || character === "\\") return `\\${character}`
    return byte >= 0x20 && byte < 0x7f ? character : `\\${String(byte).padStart(3, "0")}`
  }
  return chunks.map((chunk) => `"${chunk.map(escaped).join("")}"`).join(" ")
}
