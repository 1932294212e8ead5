import * as Either from "effect/Either"
import { mainOf, parseSpecs } from "../appspec/ParseSpec.ts"
import type { Source } from "../appspec/sections/Source.ts"
import type { Release } from "../state/History.ts"
import type { KeyDifference } from "../appspec/DiffSpecs.ts"
import { padEnd, truncate, widthOf, wrap } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"

/** Newest first; `target` is the one that a rollback would take. */
export const renderReleases = (
  releases: ReadonlyArray<Release>,
  target: Release | undefined,
  style: Style
): ReadonlyArray<string> => {
  const places = new Set(releases.map(({ coolify }) => coolify))
  return releases.toReversed().flatMap((release, index) => {
    const remarks = [
      ...(places.size > 1 && release.coolify !== undefined ? [`at ${new URL(release.coolify).host}`] : []),
      ...(index === 0 ? ["present"] : []),
      ...(release === target ? ["`fabrik rollback` goes here"] : []),
      ...(release.backTo === undefined ? [] : [`back to ${release.backTo}`])
    ]
    const facts = `${describeSource(release.text)}${remarks.length === 0 ? "" : ` (${remarks.join(", ")})`}`
    const lines = wrap(clean(facts), style.columns, `${release.release}  ${time(release.at)}  `)
    return index === 0 ? lines.map(style.bold) : lines
  })
}

/** On one line. */
export const describeRelease = ({ at, release, text }: Release): string =>
  `${release}  ${time(at)}  ${clean(describeSource(text))}`

/** Longer values are cut; `--json` has them whole. */
const longestValue = 240

/** As a plan shows fields: what is there only before or only after has `-` or `+`, what is another has `~`. */
export const renderDifferences = (all: ReadonlyArray<KeyDifference>, style: Style): ReadonlyArray<string> => {
  if (all.length === 0) return ["No difference."]
  const width = Math.max(...all.map(({ key }) => Math.min(widthOf(clean(key)), 30)))
  const show = (value: string) => truncate(clean(value), longestValue, style.ellipsis) || '""'
  return all.flatMap(({ after, before, key, secret }) => {
    const [sign, paint] =
      before === null
        ? (["+", style.green] as const)
        : after === null
          ? (["-", style.red] as const)
          : (["~", style.yellow] as const)
    const value =
      before === null || after === null
        ? secret
          ? ""
          : show(before ?? after ?? "")
        : secret
          ? "(another value)"
          : `${show(before)} ${style.arrow} ${show(after)}`
    const head = `  ${sign} ${padEnd(clean(key), width)}`
    return value === "" ? [paint(head.trimEnd())] : wrap(value, style.columns, `${head}  `).map(paint)
  })
}

/** `2026-01-31 12:00 UTC` */
const time = (millis: number): string =>
  `${new Date(millis).toISOString().slice(0, 16).replace("T", " ")} UTC`

const describeSource = (text: string): string =>
  Either.match(parseSpecs(text, ""), {
    onLeft: () => "a spec that this fabrik does not understand",
    onRight: (specs) => {
      const { source, template } = mainOf(specs)
      const processes = specs.flatMap(({ process }) => process?.name ?? [])
      const what =
        source._tag === "Dockerfile" && template !== undefined ? `template ${template}` : sourceText(source)
      return processes.length === 0 ? what : `${what}, processes ${processes.join(", ")}`
    }
  })

const sourceText = (source: Source): string => {
  switch (source._tag) {
    case "Image":
      return source.tag.startsWith("sha256:")
        ? `${source.name}@${source.tag.slice(0, 19)}`
        : `${source.name}:${source.tag}`
    case "Git":
      return `${source.repository} ${source.commit === "HEAD" ? source.branch : source.commit.slice(0, 12)}`
    case "Dockerfile":
      return "inline Dockerfile"
    case "Compose":
      return `compose file${source.from === undefined ? "" : ` ${source.from}`}`
  }
}
