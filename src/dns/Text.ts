/** The presentation form of TXT values (RFC 1035, 5.1). */

/** The text of a TXT value: its quoted chunks joined, `\"`, `\\` and `\ddd` (a byte of UTF-8) undone. */
export const unquoteText = (content: string): string => {
  if (!content.startsWith('"')) return content
  const encoder = new TextEncoder()
  const bytes: Array<Uint8Array> = []
  let inside = false
  // One pass: an expression for a whole chunk would try each quote of an unfinished one as a start.
  for (const [piece, code, escaped] of content.matchAll(/\\(\d{3})|\\([^])|"|[^"\\]+|\\/gu)) {
    if (piece === '"') inside = !inside
    else if (inside)
      bytes.push(code === undefined ? encoder.encode(escaped ?? piece) : Uint8Array.of(Number(code)))
  }
  return new TextDecoder().decode(Buffer.concat(bytes))
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
