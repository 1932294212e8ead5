import type * as Command from "@effect/cli/Command"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Types from "effect/Types"
import { byProjectName } from "../../orchestrator/ProjectName.ts"
import { apply as run } from "../../orchestrator/Apply.ts"
import { chooseRelease, deployedElsewhere, withKeptFiles } from "../../orchestrator/Releases.ts"
import { loadSpecs } from "../../appspec/LoadSpec.ts"
import { mainOf } from "../../appspec/ParseSpec.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { openHistory, openWorld } from "../Layers.ts"
import { makeConfirmation } from "../Operator.ts"
import { parseAllWithEnvironment, parseWithEnvironment } from "../Interpolation.ts"
import { addressOf, releasesHere, showReleases } from "../Releases.ts"
import { lockRun } from "../RunLock.ts"
import { runOne } from "../RunOne.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { hasProcesses } from "../SpecFiles.ts"
import { givenSecrets, dnsNeeds, leavesDns, sandboxOf, subjectOf } from "../Subject.ts"

const config = {
  file: Shared.specFile,
  to: Flag.text("to", {
    placeholder: "RELEASE",
    help: "this one; its first digits suffice [the newest with another spec]"
  }),
  list: Flag.toggle("list", {
    alias: "l",
    help: "list the recorded releases as `fabrik history` does, and change nothing"
  }),
  yes: Shared.yes,
  dryRun: Flag.toggle("dry-run", { help: "show the plan only; nothing is sent" }),
  secrets: Shared.secrets,
  envFile: Shared.envFile,
  skipDns: Shared.skipDns,
  allowDowntime: Shared.allowDowntime,
  timeout: Shared.timeout,
  lockTimeout: Shared.lockTimeout,
  ...Shared.world,
  verbose: Shared.verbose,
  ...Shared.screen
}
export type RollbackFlags = Types.Simplify<Command.Command.ParseConfig<typeof config>>

export const rollback = define({
  name: "rollback",
  about: [
    "Every successful apply records its spec in .fabrik/history (values of secrets are not in it, and what the files beside it held is kept for its owner alone). Rollback applies a recorded spec as any other: with a plan, verified, and put back if it fails.",
    "Secrets keep their present values, an image its tag and a branch its newest commit: name a digest or a commit in specs that are to be gone back to exactly. The file itself is not changed."
  ],
  config,
  examples: [
    { line: "fabrik rollback app.yaml", says: "show what going back would change, ask, do it" },
    { line: "fabrik rollback app.yaml --list", says: "which releases are there?" },
    { line: "fabrik rollback app.yaml --to 3f9c --yes", says: "to this one, without a question" }
  ],
  handler: Effect.fn("command.rollback")(function* (flags) {
    const sandbox = sandboxOf(flags)
    const present = mainOf(yield* loadSpecs(flags.file))
    const history = yield* openHistory(sandbox)
    const releases = yield* history.list(present)
    const here = flags.to === undefined ? yield* releasesHere(releases, flags.sandbox) : releases
    const chosen = chooseRelease(here, flags.to)
    if (flags.list) return yield* showReleases(releases, Either.getOrUndefined(chosen), flags.json)
    const target = yield* chosen
    const label = `${flags.file} (release ${target.release})`
    const specs = yield* parseAllWithEnvironment(target.text, label, { readsFiles: false })
    const interpolated = [...new Set(specs.flatMap((spec) => spec.interpolated ?? []))]
    if (interpolated.length > 0) {
      yield* Say.warn(
        `the release's spec takes ${interpolated.join(", ")} from the environment: what is set there now counts, not what was set then`
      )
    }
    if (hasProcesses(specs)) {
      const { rollbackBatch } = yield* Effect.promise(() => import("./RollbackBatch.ts"))
      return yield* rollbackBatch(specs, target, history, flags)
    }
    const [written] = specs
    const given = yield* givenSecrets(flags.secrets, [written], "rollback")
    const world = yield* openWorld({
      ...subjectOf(written),
      sandbox,
      dryRun: flags.dryRun,
      needs: { coolify: true, dns: dnsNeeds(written, flags.skipDns) },
      secrets: { envFile: flags.envFile, spec: flags.file, given }
    })
    const elsewhere = deployedElsewhere(target, addressOf(world))
    if (elsewhere !== undefined) yield* Say.warn(elsewhere)
    const kept = yield* Effect.provide(withKeptFiles(written, target.release), world.layer)
    if (kept.missing.length > 0) {
      yield* Say.warn(
        `what ${kept.missing.join(", ")} held at that release is not kept here: it is read as it is now`
      )
    }
    const whole = kept.missing.length > 0 ? yield* parseWithEnvironment(target.text, flags.file) : kept.spec
    const spec = yield* Effect.provide(byProjectName(whole, world.offline), world.layer)
    const { confirm, consent } = yield* makeConfirmation({
      yes: flags.yes || flags.dryRun,
      question: `Go back to release ${target.release}?`
    })
    if (!flags.dryRun)
      yield* lockRun(spec, { ...world, command: "rollback", seconds: flags.lockTimeout ?? 0 })
    const running = run(spec, {
      command: "rollback",
      mode: flags.dryRun ? "dry-run" : world.place,
      offline: world.offline,
      skipDns: leavesDns(spec, flags.skipDns),
      skipDeploy: false,
      redeploy: false,
      allowDowntime: flags.allowDowntime,
      expected: undefined,
      confirm,
      origin: { file: flags.file, text: target.text },
      timeout: Duration.seconds(flags.timeout ?? 1800)
    }).pipe(Effect.provide(world.layer))
    const { end, report } = yield* runOne(running, {
      command: "rollback",
      spec,
      release: { spec: whole, text: target.text, backTo: target.release },
      file: flags.file,
      world,
      flags,
      consent,
      dryRun: flags.dryRun
    })
    if (report.url !== null && !flags.dryRun && !flags.quiet) {
      yield* Say.hint([
        ...world.visit(report.url),
        `${flags.file} was not changed: \`fabrik apply\` with it goes forward again.`
      ])
    }
    return yield* end
  }, Effect.scoped)
})
