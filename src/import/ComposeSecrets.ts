/** Secrets that stand in clear in a compose file, and those that its own stores are set up with. */
import { environmentOf, store } from "./ComposeParts.ts"
import type { Cursor } from "./Cursor.ts"
import { isSecret } from "./Plain.ts"

const setUp =
  /^(?:POSTGRES|MYSQL|MYSQL_ROOT|MARIADB|MARIADB_ROOT|MONGO_INITDB_ROOT|MINIO_ROOT|REDIS)_PASSWORD$|^RABBITMQ_DEFAULT_PASS$/

/** Names of passwords that a store of the file is set up with: a new store takes any. */
export const chosenIn = (services: ReadonlyArray<Cursor>): ReadonlySet<string> => {
  const stores = services.filter((service) => store.test(service.key("image").peek() ?? ""))
  const texts = stores.flatMap((service) => [
    ...environmentOf(service).flatMap(({ name, value }) => (setUp.test(name) ? [name, value ?? ""] : [])),
    ...[
      service.key("command").peek() ?? "",
      ...service
        .key("command")
        .items()
        .map((one) => one.peek() ?? "")
    ].filter((text) => /requirepass|\$/.test(text))
  ])
  return new Set(
    texts.flatMap((text) =>
      setUp.test(text) ? [text] : [...text.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = ""]) => name)
    )
  )
}

interface Clear {
  readonly name: string
  readonly value: string
  readonly from: Cursor
}

export const clearSecrets = (service: Cursor): ReadonlyArray<Clear> =>
  environmentOf(service).flatMap(({ from, name, value }) =>
    value !== undefined && !value.includes("$") && isSecret(name, value) ? [{ name, value, from }] : []
  )

/** Not a word that may mean something else where it stands: `postgres` is an image too. */
const isUnlike = (value: string): boolean => value.length >= 6 && !/^[A-Za-z_-]+$/.test(value)

/** Between brackets a brace is one of YAML's own, and compose takes the name without. */
const withName = (line: string, at: number, value: string, name: string): string => {
  const [before, after] = [line.slice(0, at), line.slice(at + value.length)]
  const isBare = /[[{]/.test(before) && !/^\w/.test(after)
  return `${before}${isBare ? `$${name}` : `\${${name}}`}${after}`
}

/**
 * The text with each of these values replaced by its name, where it stands as the variable's, and wherever it stands if
 * no other word is like it; one that several names have by the first of them.
 */
export const withoutSecrets = (given: string, plain: ReadonlyArray<Clear>, isWritten: boolean) => {
  const names = new Map<string, string>()
  for (const { name, value } of plain) if (!names.has(value)) names.set(value, name)
  const lines = given.split("\n")
  const done = new Set<string>()
  const placeOf = ({ from: { at } }: Clear) => `${at.line}:${at.column}`
  // From right to left, as a line's columns move behind what is replaced.
  for (const one of plain.toSorted((a, b) => b.from.at.column - a.from.at.column)) {
    const { column, line } = one.from.at
    const whole = lines[line - 1] ?? ""
    const at = whole.indexOf(one.value, whole.indexOf(one.name, column - 1) + one.name.length)
    if (!isWritten || at < 0 || done.has(placeOf(one))) continue
    done.add(placeOf(one))
    lines[line - 1] = withName(whole, at, one.value, names.get(one.value) ?? one.name)
  }
  const values = [...names]
    .toSorted(([a], [b]) => b.length - a.length)
    .filter(([value]) => isWritten && isUnlike(value))
  const text = lines.map((line) =>
    values.reduce((so, [value, name]) => {
      let all = so
      for (let at = all.indexOf(value); at >= 0;) {
        const next = withName(all, at, value, name)
        // Behind the name, which may hold the value in turn.
        at = next.indexOf(value, at + value.length + next.length - all.length)
        all = next
      }
      return all
    }, line)
  )
  return {
    text: text.join("\n"),
    replaced: plain.map((one) => ({
      from: one.from,
      own: one.name,
      name: names.get(one.value) ?? one.name,
      isReplaced: done.has(placeOf(one))
    }))
  }
}
