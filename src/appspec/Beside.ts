/** The files beside a spec: which it names, and what they hold. */
import * as Redacted from "effect/Redacted"
import type { Spec } from "./Spec.ts"

/** The files beside the spec that it names, as it names them. */
export const besideOf = ({ files = [], source }: Spec): ReadonlyArray<string> => {
  const names = [...files, source].flatMap((one) =>
    "from" in one && one.from !== undefined ? [one.from] : []
  )
  return [...new Set(names)]
}

/** A file beside a spec with what it holds. `use`: what the spec makes of it, in a fixed word. */
export interface BesideFile {
  readonly use: string
  readonly name: string
  /** `undefined`: it was not read. */
  readonly content: Redacted.Redacted<string> | undefined
}

/** What the spec takes from files beside it. */
export const takenFromBeside = ({ files = [], source }: Spec): ReadonlyArray<BesideFile> => [
  ...files.flatMap(({ content, from, path }) =>
    from === undefined ? [] : [{ use: path, name: from, content }]
  ),
  ...(source._tag === "Compose" && source.from !== undefined
    ? [
        {
          use: "source.compose",
          name: source.from,
          content: source.text === "" ? undefined : Redacted.make(source.text)
        }
      ]
    : [])
]

/** The spec with other contents of files beside it, by their use. */
export const withBeside = (spec: Spec, contents: ReadonlyMap<string, Redacted.Redacted<string>>): Spec => {
  const { files, source } = spec
  const text = contents.get("source.compose")
  return {
    ...spec,
    ...(files === undefined
      ? {}
      : {
          files: files.map((file) =>
            file.from === undefined ? file : { ...file, content: contents.get(file.path) }
          )
        }),
    ...(source._tag === "Compose" && source.from !== undefined
      ? { source: { ...source, text: text === undefined ? "" : Redacted.value(text) } }
      : {})
  }
}
