/** Commands as a shell's line and as words. */

const plain = /^[A-Za-z0-9._\-/:=@,+%^]+$/

/** Words as a shell's line. */
export const asLine = (one: ReadonlyArray<string> | string): string =>
  typeof one === "string"
    ? one
    : one.map((word) => (plain.test(word) ? word : `"${word.replace(/["\\`]/g, "\\$&")}"`)).join(" ")

/**
 * A line as the words that a shell would make of it; `undefined`: only a shell can tell, as it has more in it than quotes.
 */
export const wordsIn = (line: string): ReadonlyArray<string> | undefined => {
  const word = /\s*((?:[^\s'"\\$`|&;<>()*?~#]|'[^']*'|"(?:[^"\\$`]|\\["\\$`])*"|\\[^\n])+)(?=\s|$)/y
  const text = line.trim()
  const words: Array<string> = []
  while (word.lastIndex < text.length) {
    const [, found] = word.exec(text) ?? []
    if (found === undefined) return undefined
    words.push(
      found.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, (_, single, double, escaped) =>
        String(single ?? escaped ?? String(double).replace(/\\(["\\$`])/g, "$1"))
      )
    )
  }
  return words
}
