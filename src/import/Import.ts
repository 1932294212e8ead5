/** A file of another tool as specs, and a list of all that no spec says. Pure: no file, no clock, no network. */
import * as Either from "effect/Either"
import { readCompose, isTemplate } from "./Compose.ts"
import { Cursor, Reading } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"
import { ImportError } from "./ImportError.ts"
import type { Imported, Input, Job } from "./Input.ts"
import { readToml } from "./Toml.ts"
import type { Tree } from "./Tree.ts"
import { readYaml } from "./Yaml.ts"

interface Format {
  /** In words. */
  readonly name: string
  readonly read: (job: Job) => ImportError | undefined
}

const formatOf = (input: Input, root: Cursor): Format | undefined => {
  if (root.key("services").kind === "Pairs") {
    return { name: isTemplate(input.text) ? "a template of Coolify's" : "a compose file", read: readCompose }
  }
  return undefined
}

const treeOf = ({ base, file, text }: Input): Either.Either<Tree, ImportError> =>
  base.endsWith(".toml") ? readToml(text, file) : readYaml(text, file)

/** A value is generated for one application alone: what several of them know has to be given. */
const shareSecrets = ({ drafts, reading }: Job): void => {
  const holders = new Map<string, Array<Draft>>()
  for (const draft of drafts) {
    for (const [name, rule] of draft.entries("secrets")) {
      if (rule !== "required") holders.set(name, [...(holders.get(name) ?? []), draft])
    }
  }
  for (const [name, all] of holders) {
    if (all.length < 2) continue
    for (const draft of all) draft.put("secrets", name, "required")
    const [first, ...rest] = all.map((draft) => draft.name)
    const text = `${name}: ${rest.join(", ")} and ${first} need the same value, so none of them generates it: give it in `
    reading.note(0, `${text}\`.env\` or in the environment`)
    for (const draft of all) draft.comment("secrets", `${text}\`.env\`.`)
  }
}

export const importFile = (input: Input): Either.Either<Imported, ImportError> =>
  Either.gen(function* () {
    const tree = yield* treeOf(input)
    const reading = new Reading()
    const root = new Cursor(reading, tree)
    const format = formatOf(input, root)
    if (format === undefined) {
      return yield* Either.left(
        new ImportError({
          file: input.file,
          line: 1,
          column: 1,
          detail: "this is none of the files that fabrik import knows",
          next: "it reads compose files and Coolify's templates"
        })
      )
    }
    const job: Job = { input, reading, root, drafts: [], copies: [] }
    const failed = format.read(job)
    if (failed !== undefined) return yield* Either.left(failed)
    const [main] = job.drafts
    reading.finish(tree, main)
    shareSecrets(job)
    const head = `Written by fabrik import from ${input.base}, ${format.name}.`
    for (const draft of job.drafts) {
      draft.settle(head, (reason) => reading.leave({ line: 1, column: 1 }, "", reason, draft))
    }
    return {
      format: format.name,
      specs: job.drafts.map((draft, index) => ({
        file: index === 0 ? "app.yaml" : `${draft.name}.yaml`,
        text: draft.text(head)
      })),
      copies: job.copies,
      leftOut: reading.leftOut.toSorted((a, b) => a.line - b.line || a.column - b.column),
      notes: reading.notes.toSorted((a, b) => a.line - b.line),
      wanted: [...reading.wanted]
    }
  })
