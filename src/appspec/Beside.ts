/** The files beside a spec: which it names, and what they hold. */
import * as Redacted from "effect/Redacted"
import type { Spec } from "./Spec.ts"

/** A file beside a spec with what it holds. `use`: what the spec makes of it, in a fixed word. */
export interface BesideFile {
  readonly use: string
  readonly name: string
  /** `undefined`: it was not read. */
  readonly content: Redacted.Redacted<string> | undefined
}

/** The use of a compose file. */
const composeUse = "source.compose"

/** What the spec takes from files beside it. */
export const takenFromBeside = ({ files = [], source }: Spec): ReadonlyArray<BesideFile> => [
  ...files.flatMap(({ content, from, path }) =>
    from === undefined ? [] : [{ use: path, name: from, content }]
  ),
  ...(source._tag === "Compose" && source.from !== undefined
    ? [
        {
          use: composeUse,
          name: source.from,
          content: source.text === "" ? undefined : Redacted.make(source.text)
        }
      ]
    : [])
]

/** The files beside the spec that it names, as it names them. */
export const besideOf = (spec: Spec): ReadonlyArray<string> => [
  ...new Set(takenFromBeside(spec).map(({ name }) => name))
]

/** The spec with other contents of files beside it, by their use. */
export const withBeside = (spec: Spec, contents: ReadonlyMap<string, Redacted.Redacted<string>>): Spec => {
  const { files, source } = spec
  const text = contents.get(composeUse)
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
