import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import { decode } from "./Decode.ts"
import type { Environment } from "./Interpolate.ts"
import { formerProcess, membersOf } from "./Processes.ts"
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

/** What one text holds. */
export type Specs = Arr.NonEmptyReadonlyArray<Spec>

/**
 * The specs that `text` holds, one for each of its processes, or everything wrong with it at once. Pure: no file, no clock,
 * no network. `file` is only for the messages.
 * @param environment what `${env.NAME}` stands for; without it such values stay as they are written.
 * @param beside what stands in the files that it names; without it that is not known.
 */
export const parseSpecs = (
  text: string,
  file: string,
  environment?: Environment,
  beside?: Beside
): Either.Either<Specs, SpecError> => {
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
  const members = membersOf({ path: "", keyAt: start, node }, report) ?? []
  const specs = members.flatMap(({ process, root }) => {
    // What one of them lacks is no fault of another, and what all of them have is told once.
    const own = new Report(report.problems)
    const read = decode(Written, root, own)
    const spec = read === undefined ? undefined : specIn(read.value, environment, read.check, beside)
    report.addAll(own)
    if (spec === undefined) return []
    return [process === undefined ? spec : { ...spec, process }]
  })
  return report.problems.length === 0 && specs.length === members.length && Arr.isNonEmptyReadonlyArray(specs)
    ? Either.right(specs)
    : fail(report.problems)
}

/** The same as {@link parseSpecs}, of a spec for one application. */
export const parseSpec = (
  text: string,
  file: string,
  environment?: Environment,
  beside?: Beside
): Either.Either<Spec, SpecError> =>
  Either.flatMap(parseSpecs(text, file, environment, beside), onlyOf(text, file))

/** The spec of the only application that the text is for. */
export const onlyOf =
  (text: string, file: string) =>
  ([first, ...more]: Specs): Either.Either<Spec, SpecError> =>
    more.length === 0 ? Either.right(first) : Either.left(severalProcesses(text, file, [first, ...more]))

/** The one that stands for all: of several the process that has the spec's own name, or the first. */
export const mainOf = (specs: Specs): Spec =>
  specs.find(({ name, process }) => name === process?.of) ?? specs[0]

/** Of the applications of a spec the one of this name, or what deleting it needs where the spec has it no more. */
export const specOf = (specs: Specs, application: string): Spec =>
  specs.find(({ name }) => name === application) ??
  (specs[0].process === undefined ? specs[0] : formerProcess(specs[0], application))

const severalProcesses = (text: string, file: string, specs: ReadonlyArray<Spec>): SpecError => {
  const node = parseYaml(text, new Report())
  const entries = node?._tag === "Map" ? node.entries : []
  const { keyAt } = entries.find(({ key }) => key === "processes") ?? { keyAt: start }
  const names = specs.flatMap(({ process }) => process?.name ?? []).join(", ")
  const message = `the spec has several processes (${names}), and this command takes one application`
  const hint = "name a spec without `processes`"
  return new SpecError({ file, problems: [{ ...keyAt, path: "processes", message, hint }] })
}
