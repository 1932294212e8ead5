import * as Either from "effect/Either"
import { decode } from "./Decode.ts"
import type { Environment } from "./Interpolate.ts"
import { presentForm } from "./OlderForm.ts"
import type { Beside } from "./sections/Files.ts"
import { Report } from "./Report.ts"
import { type Spec, specIn, Written } from "./Spec.ts"
import { SpecError, type SpecProblem } from "./SpecError.ts"
import { parseYaml } from "./YamlTree.ts"

/** The largest spec, in bytes of UTF-8. */
export const maxSpecBytes = 65_536

/** Said of a text over {@link maxSpecBytes}. */
export const tooLarge: SpecProblem = {
  line: 0,
  column: 0,
  path: "",
  message: `the file is larger than ${maxSpecBytes / 1024} KiB`,
  hint: "a spec is a page of text: is this the right file?"
}

const start = { line: 1, column: 1 }

/**
 * The spec that `text` holds, or everything wrong with it at once. Pure: no file, no clock, no network.
 * `file` is only for the messages.
 * @param environment what `${env.NAME}` stands for; without it such values stay as they are written.
 * @param beside what stands in the files that it names; without it that is not known.
 */
export const parseSpec = (
  text: string,
  file: string,
  environment?: Environment,
  beside?: Beside
): Either.Either<Spec, SpecError> => {
  const fail = (problems: ReadonlyArray<SpecProblem>) => Either.left(new SpecError({ file, problems }))
  if (text.length > maxSpecBytes || Buffer.byteLength(text) > maxSpecBytes) return fail([tooLarge])
  const report = new Report()
  const node = parseYaml(text, report)
  if (node === undefined) return fail(report.problems)
  if (node._tag !== "Map") {
    const message = node._tag === "Null" ? "the file is empty" : "a spec is a map of keys"
    report.add(start, "", { message, hint: "it starts with `name:` and `domain:`" })
    return fail(report.problems)
  }
  const root = presentForm({ path: "", keyAt: start, node }, report)
  const read = decode(Written, root, report)
  const spec = read === undefined ? undefined : specIn(read.value, environment, read.check, beside)
  return spec === undefined || report.problems.length > 0 ? fail(report.problems) : Either.right(spec)
}
