import { backslash, inEscape, letterU, quote } from "./JsonBytes.ts"

/** `\uXXXX`. */
const longestEscape = 6

const controls: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09]
])

/**
 * Unescapes a JSON string that holds JSON itself, from the byte behind its opening quote on, chunk by chunk. A character
 * outside ASCII that is escaped stays so: it means the same in the JSON inside.
 */
export const makeUnescape = () => {
  let escaped = 0
  let code = 0
  return (
    chunk: Uint8Array,
    start: number
  ): { readonly plain: Uint8Array; readonly end: number; readonly isOver: boolean } => {
    // An escape that began in the chunk before may come out longer than what is left of it here.
    const plain = new Uint8Array(chunk.length - start + longestEscape)
    let length = 0
    let at = start
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0
      if (escaped === 0) {
        if (byte === quote) break
        if (byte === backslash) escaped = inEscape
        else plain[length++] = byte
      } else if (escaped === inEscape) {
        escaped = byte === letterU ? 4 : 0
        code = 0
        if (escaped === 0) plain[length++] = controls.get(byte) ?? byte
      } else {
        code = code * 16 + (Number.parseInt(String.fromCharCode(byte), 16) || 0)
        escaped -= 1
        if (escaped > 0) continue
        if (code < 0x80) plain[length++] = code
        else {
          for (const letter of `\\u${code.toString(16).padStart(4, "0")}`) {
            plain[length++] = letter.charCodeAt(0)
          }
        }
      }
    }
    const isOver = at < chunk.length
    return { plain: plain.subarray(0, length), end: isOver ? at + 1 : at, isOver }
  }
}
