/** Ruby in Kamal's YAML: what reads the environment is kept, all else cannot be known without running it. */

/** What stands in the text for a tag, of the same length, so that places stay as they are. */
const mark = "\uE000"

export interface Erb {
  readonly text: string
  /** The tags in order, each as `${env.NAME}`, as a text, or `undefined` where only Ruby knows. */
  readonly values: ReadonlyArray<string | undefined>
  /** Lines of code without a value: they are left out. */
  readonly code: ReadonlyArray<{ readonly line: number; readonly column: number }>
}

const read = (ruby: string): string | undefined => {
  const [, name, , fallback] =
    /^\s*ENV(?:\[|\.fetch\()\s*["'](\w+)["']\s*(?:,\s*(["'])([^"']*)\2\s*)?[\])](?:\.to_s|\.strip)*\s*$/.exec(
      ruby
    ) ?? []
  return name === undefined ? undefined : (fallback ?? `\${env.${name}}`)
}

export const withoutErb = (text: string): Erb => {
  const values: Array<string | undefined> = []
  const code: Array<{ readonly line: number; readonly column: number }> = []
  const plain = text.replace(
    /<%(=|-|#)?([\s\S]*?)-?%>/g,
    (tag, kind: string | undefined, ruby: string, offset: number) => {
      if (kind !== "=") {
        const before = text.slice(0, offset).split("\n")
        if (kind !== "#") code.push({ line: before.length, column: (before.at(-1) ?? "").length + 1 })
        return tag.replace(/[^\n]/g, " ")
      }
      values.push(read(ruby))
      const word = `${mark}${values.length - 1}${mark}`
      return word + mark.repeat(Math.max(0, tag.replace(/\n/g, "").length - word.length))
    }
  )
  return { text: plain, values, code }
}

const tag = new RegExp(`${mark}(\\d+)${mark}+`, "g")

/** The text with the values of its tags; `undefined`: it has one that only Ruby knows. */
export const withErb = (
  text: string,
  { values }: Erb,
  plain: (text: string) => string
): string | undefined => {
  let known = true
  const parts = text.split(tag).map((part, index) => {
    if (index % 2 === 0) return plain(part)
    const value = values[Number(part)]
    known &&= value !== undefined
    return value ?? ""
  })
  return known ? parts.join("") : undefined
}

export const hasErb = (text: string): boolean => text.includes(mark)
