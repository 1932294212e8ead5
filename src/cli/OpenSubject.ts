/** The world of a command that deploys nothing: it needs no secret but to take it out of what it shows. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { loadSpecs } from "../appspec/LoadSpec.ts"
import type { Spec } from "../appspec/Spec.ts"
import { byProjectName } from "../orchestrator/ProjectName.ts"
import type { SandboxHandle } from "../sandbox/SandboxHandle.ts"
import { UsageError } from "./Arguments.ts"
import { chooseProcess } from "./ChooseProcess.ts"
import { openWorld, type World, type WorldRequest } from "./Layers.ts"
import { maskSecrets } from "./Mask.ts"
import { domainOf, isDomain, noSecrets, noSubject, sandboxOf, subjectOf, type WorldFlags } from "./Subject.ts"

type DnsNeeds = WorldRequest["needs"]["dns"]

/** Of no spec in particular. */
export const openCoolify = (sandbox: WorldRequest["sandbox"], dns: DnsNeeds = "no") =>
  openWorld({
    ...noSubject,
    sandbox,
    dryRun: false,
    needs: { coolify: true, dns },
    secrets: noSecrets
  })

/**
 * Of a spec as it was read; answers it with its project's name in the place of an uuid.
 * @param shared where several are opened: the sandbox that they have in common.
 */
export const openWorldOf = Effect.fn("openWorldOf")(function* (
  written: Spec,
  flags: WorldFlags,
  dns: DnsNeeds = "no",
  shared?: SharedSandbox,
  secrets: WorldRequest["secrets"] = noSecrets
) {
  const sandbox = sandboxOf(flags)
  const world = yield* openWorld({
    ...subjectOf(written),
    sandbox: sandbox === undefined || shared === undefined ? sandbox : { ...sandbox, shared },
    dryRun: false,
    needs: { coolify: true, dns },
    secrets
  })
  return { world, spec: yield* Effect.provide(byProjectName(written, world.offline), world.layer) }
})

interface OpenedSubject {
  readonly world: World
  readonly spec: Spec
  /** As it was read; absent of an application that was found by its domain. */
  readonly written: Spec | undefined
}

/**
 * What `SPEC|DOMAIN` names: the application of each process of a spec, or the one of fabrik's that answers for a domain,
 * whose spec is then what Coolify tells of it, and `written` absent.
 */
export const openSubjects = Effect.fn("openSubjects")(function* <E = never>(
  subject: string,
  flags: WorldFlags & { readonly process: string | undefined },
  command: string,
  /** What the command objects to in a spec, before anybody is asked. */
  check: (written: Spec) => Effect.Effect<void, E> = () => Effect.void
) {
  if (isDomain(subject)) {
    if (flags.process !== undefined) {
      const message = `--process names a process of a spec, and ${subject} is a domain`
      return yield* new UsageError({ message, command })
    }
    const domain = yield* domainOf(subject, command)
    const world = yield* openCoolify(sandboxOf(flags))
    const { specAt } = yield* Effect.promise(() => import("../orchestrator/SpecAt.ts"))
    const spec = yield* Effect.provide(specAt(domain), world.layer)
    const found: ReadonlyArray<OpenedSubject> = [{ world, spec, written: undefined }]
    return found
  }
  const all = yield* chooseProcess(yield* loadSpecs(subject), flags.process, command)
  yield* Effect.forEach(all, check, { discard: true })
  const shared = yield* shareSandbox
  const secrets = { ...noSecrets, spec: subject }
  const opened: ReadonlyArray<OpenedSubject> = yield* Effect.forEach(all, (written) =>
    openWorldOf(written, flags, "no", shared, secrets).pipe(
      Effect.tap(({ spec }) => maskSecrets(spec, subject, sandboxOf(flags))),
      Effect.map((one) => ({ ...one, written }))
    )
  )
  return opened
})

type SharedSandbox = Effect.Effect.Success<typeof shareSandbox>

/** For several worlds. */
export const shareSandbox = Ref.make<SandboxHandle | undefined>(undefined)
