/** The world of a command that deploys nothing: it needs no secret but to take it out of what it shows. */
import * as Effect from "effect/Effect"
import { loadSpec } from "../appspec/LoadSpec.ts"
import type { Spec } from "../appspec/Spec.ts"
import { byProjectName } from "../orchestrator/ProjectName.ts"
import { openWorld, type WorldRequest } from "./Layers.ts"
import { maskSecrets } from "./Mask.ts"
import { isDomain, noSecrets, noSubject, sandboxOf, subjectOf, type WorldFlags } from "./Subject.ts"

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

/** Of a spec as it was read; answers it with its project's name in the place of an uuid. */
export const openWorldOf = Effect.fn("openWorldOf")(function* (
  written: Spec,
  flags: WorldFlags,
  dns: DnsNeeds = "no"
) {
  const world = yield* openWorld({
    ...subjectOf(written),
    sandbox: sandboxOf(flags),
    dryRun: false,
    needs: { coolify: true, dns },
    secrets: noSecrets
  })
  return { world, spec: yield* Effect.provide(byProjectName(written, world.offline), world.layer) }
})

/**
 * What `SPEC|DOMAIN` names: the application of a spec, or the one of fabrik's that answers for a domain, whose spec is then
 * what Coolify tells of it (`written` is absent).
 */
export const openSubject = Effect.fn("openSubject")(function* <E = never>(
  subject: string,
  flags: WorldFlags,
  /** What the command objects to in a spec, before anybody is asked. */
  check: (written: Spec) => Effect.Effect<void, E> = () => Effect.void
) {
  if (isDomain(subject)) {
    const world = yield* openCoolify(sandboxOf(flags))
    const { specAt } = yield* Effect.promise(() => import("../orchestrator/SpecAt.ts"))
    const spec = yield* Effect.provide(specAt(domainOf(subject)), world.layer)
    return { world, spec, written: undefined }
  }
  const written = yield* loadSpec(subject)
  yield* check(written)
  const opened = yield* openWorldOf(written, flags)
  yield* maskSecrets(opened.spec, subject, sandboxOf(flags))
  return { ...opened, written }
})

const domainOf = (subject: string): string => subject.toLowerCase().replace(/\.$/, "")
