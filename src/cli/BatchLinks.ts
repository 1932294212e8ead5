/** The runs of one command: in which order they go, and which of them only take something away. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { link, type Linked, type Subject, targeted } from "../appspec/Batch.ts"
import { formerProcess } from "../appspec/Processes.ts"
import type { SpecError } from "../appspec/SpecError.ts"
import { formerProcesses } from "../orchestrator/FormerProcesses.ts"
import { byProjectName } from "../orchestrator/ProjectName.ts"
import { UsageError } from "./Arguments.ts"
import { Concluded } from "./CliError.ts"
import { ExitCode } from "./ExitCode.ts"
import type { World } from "./Layers.ts"
import { report } from "./Report.ts"
import * as Say from "./Say.ts"

interface LinkRequest<S extends Subject> {
  readonly command: string
  readonly flags: { readonly json: boolean; readonly target: ReadonlyArray<string> }
  readonly subjects: ReadonlyArray<S>
  /** Those that need another go before it. */
  readonly backwards?: true
}

/** The order of those that are meant, or a refusal with all that is wrong. */
export const linked = Effect.fn("linked")(function* <S extends Subject>({
  backwards,
  command,
  flags,
  subjects
}: LinkRequest<S>) {
  const links = link(subjects)
  if (Either.isLeft(links)) {
    yield* refuse(links.left, flags.json)
    return []
  }
  for (const { label, missing } of links.right) {
    for (const { name, near } of missing) {
      const hint = near === undefined ? "it is taken to be there" : `did you mean ${near}?`
      yield* Say.warn(`${label} needs ${name}, and no spec here is called so: ${hint}`)
    }
  }
  const meant = flags.target.length === 0 ? undefined : targeted(links.right, flags.target)
  if (meant !== undefined && Either.isLeft(meant)) {
    const message = `--target ${meant.left}: no spec here is called so; there are ${links.right.map(({ label }) => label).join(", ")}`
    return yield* new UsageError({ message, command })
  }
  const kept = [...links.right.keys()].filter((index) => meant === undefined || meant.right.has(index))
  const now = new Map(kept.map((index, place) => [index, place]))
  const places = kept.flatMap((index) => links.right[index] ?? [])
  const forwards = places.map((one) => ({
    ...one,
    after: one.after.flatMap((index) => now.get(index) ?? []),
    uses: one.uses.flatMap(({ database, of }) => {
      const there = now.get(of)
      return there === undefined ? [] : [{ database, of: there }]
    }),
    together: one.together.flatMap((index) => now.get(index) ?? [])
  }))
  return backwards === true ? reversed(forwards) : forwards
})

const reversed = <S extends Subject>(links: ReadonlyArray<Linked<S>>): ReadonlyArray<Linked<S>> =>
  links.map((one, index) => ({
    ...one,
    after: links.flatMap(({ after }, other) => (after.includes(index) ? [other] : [])),
    uses: []
  }))

/** One of the runs: of a spec, or of a process that its spec had. */
export type BatchLink<S extends Subject> = Linked<S> & { readonly removes?: true; readonly why?: string }

/** Applications of ours for processes that their spec does not have any more. They go last. */
export const formerOf = Effect.fn("formerOf")(function* <S extends Subject, W extends World>(
  { atomic, backwards }: { readonly atomic: boolean; readonly backwards?: true },
  links: ReadonlyArray<Linked<S>>,
  worlds: ReadonlyArray<W>
) {
  const families = [...links.entries()].flatMap(([index, one]) => {
    const { process } = one.subject.spec
    const world = worlds[index]
    const isFirst = one.together.every((other) => other > index)
    return process === undefined || world === undefined || !isFirst ? [] : [{ ...one, index, process, world }]
  })
  if (families.length === 0) return []
  const specs = yield* Effect.forEach([...links.entries()], ([index, { subject }]) => {
    const world = worlds[index]
    return world === undefined
      ? Effect.succeed(subject.spec)
      : Effect.provide(byProjectName(subject.spec, world.offline), world.layer)
  })
  const found = yield* Effect.forEach(families, ({ index, process, subject, together, world }) =>
    Effect.gen(function* () {
      const all = yield* formerProcesses(specs[index] ?? subject.spec, specs)
      for (const { name, uuid } of all.filter(({ isFound }) => !isFound)) {
        yield* Say.warn(
          `the application ${name} (${uuid}) was made for a process of ${process.of} and has another name since: it stays; delete it in Coolify if nobody needs it`
        )
      }
      return all.flatMap(({ isFound, name }) => {
        if (!isFound) return []
        const former = { ...subject, spec: formerProcess(subject.spec, name) }
        const after = backwards === true ? [] : atomic ? [...links.keys()] : [index, ...together]
        const why = `${name} was made for a process of ${process.of}, which the spec does not have any more.`
        const link: BatchLink<S> = {
          subject: former,
          label: name,
          after,
          uses: [],
          together: [],
          missing: [],
          removes: true,
          why
        }
        return [{ link, world }]
      })
    }).pipe(Effect.provide(world.layer))
  )
  return found.flat()
})

/** Tells all that is wrong with the specs before it fails. */
export const refuse = Effect.fn("refuse")(function* (errors: ReadonlyArray<SpecError>, json: boolean) {
  for (const error of errors) yield* report(error, { json, reads: true, recover: "" })
  if (errors.length > 0) return yield* new Concluded({ code: ExitCode.usage })
})
