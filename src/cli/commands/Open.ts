import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { loadSpecs } from "../../appspec/LoadSpec.ts"
import { mainOf } from "../../appspec/ParseSpec.ts"
import { RefusedError } from "../../engine/DeployError.ts"
import { HealthProbe } from "../../health/HealthProbe.ts"
import { coolifyPages } from "../../orchestrator/CoolifyPages.ts"
import { findApplication } from "../../orchestrator/FindApplication.ts"
import { specAt, specNamed } from "../../orchestrator/SpecAt.ts"
import { publicUrl } from "../../orchestrator/steps/Verify.ts"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { UsageError } from "../Arguments.ts"
import { chooseProcess } from "../ChooseProcess.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { openCoolify, openWorldOf } from "../OpenSubject.ts"
import { openUrl } from "../OpenUrl.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { domainOf, isDomain, sandboxOf, type WorldFlags } from "../Subject.ts"

interface Flags extends WorldFlags {
  readonly subject: string
  readonly process: string | undefined
  readonly dashboard: boolean
  readonly json: boolean
  readonly quiet: boolean
}

export const open = define({
  name: "open",
  about: [
    "Opens the first domain of an application in the browser, or with --dashboard the page that Coolify has of it. Where stdout is no terminal, or nothing here opens pages, the address is printed instead. The browser is what BROWSER names, else the system's.",
    "Of a spec its address is known without asking anybody. A name or a domain means an application of fabrik's on this Coolify."
  ],
  config: {
    subject: Flag.one("SPEC|NAME|DOMAIN", "the path of a spec, an application's name, or a domain"),
    process: Shared.process,
    dashboard: Flag.toggle("dashboard", { help: "Coolify's page of it" }),
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik open app.yaml", says: "see it in the browser" },
    { line: "fabrik open shop --dashboard", says: "its page in Coolify, by its name" },
    { line: "curl $(fabrik open app.yaml)", says: "piped, the address is printed" }
  ],
  handler: Effect.fn("command.open")(function* (flags) {
    const { address, hint } = yield* flags.dashboard ? dashboardOf(flags) : siteOf(flags)
    const { out } = yield* Screen
    if (flags.json) return yield* Say.result([jsonLine({ type: "Address", url: address })])
    // What only this machine can reach by an agreement with curl no browser finds.
    const why = !out.tty || hint.length > 0 ? "" : yield* openUrl(address)
    if (why === undefined) return flags.quiet ? undefined : yield* Say.hint([`Opened ${address}`])
    if (why !== "" && !flags.quiet) yield* Say.hint([`Not opened: ${clean(why)}.`])
    yield* Say.result([address])
    if (!flags.quiet) yield* Say.hint(hint)
  }, Effect.scoped)
})

/** The spec itself, where a file is named; else `undefined`. */
const specFor = Effect.fn("open.specFor")(function* ({ process, subject }: Flags) {
  const fs = yield* FileSystem.FileSystem
  const isFile =
    (/[/\\]|\.(?:ya?ml|json)$/i.test(subject) && !isDomain(subject)) ||
    (yield* Effect.orElseSucceed(fs.exists(subject), () => false))
  if (!isFile) {
    const message = `--process names a process of a spec, and ${clean(subject)} is none`
    return process === undefined ? undefined : yield* new UsageError({ message, command: "open" })
  }
  return mainOf(yield* chooseProcess(yield* loadSpecs(subject), process, "open"))
})

/** What is to be opened, and its world: of a spec alone none is needed. */
const subjectFor = Effect.fn("open.subjectFor")(function* (flags: Flags) {
  const { dashboard, sandbox, subject } = flags
  const written = yield* specFor(flags)
  if (written !== undefined) {
    return dashboard || sandbox ? yield* openWorldOf(written, flags) : { spec: written, world: undefined }
  }
  const find = isDomain(subject) ? specAt(yield* domainOf(subject, "open")) : specNamed(subject)
  const world = yield* openCoolify(sandboxOf(flags))
  return { world, spec: yield* Effect.provide(find, world.layer) }
})

const siteOf = Effect.fn("open.siteOf")(function* (flags: Flags) {
  const { spec, world } = yield* subjectFor(flags)
  const [domain] = spec.domains
  if (domain === undefined) {
    return yield* new RefusedError({
      reason: "NotFound",
      detail: `${spec.name} has no domain, so there is nothing to open`,
      next: "see Coolify's page of it with --dashboard"
    })
  }
  if (world === undefined || world.place === "live") return { address: publicUrl(domain, 443, "/"), hint: [] }
  const { port } = yield* Effect.provide(HealthProbe, world.layer)
  const address = publicUrl(domain, port, "/")
  return { address, hint: world.visit(address) }
})

const dashboardOf = Effect.fn("open.dashboardOf")(function* (flags: Flags) {
  if (flags.sandbox) {
    return yield* new RefusedError({
      reason: "NotFound",
      detail: "the sandbox has an API and no pages",
      next: "leave --dashboard out"
    })
  }
  const { spec, world } = yield* subjectFor(flags)
  if (world === undefined) return yield* Effect.dieMessage("no world to look into")
  yield* Effect.provide(findApplication(spec), world.layer)
  const base = world.target.replace(/\/api\/v1$/, "")
  const [address = base] = yield* Effect.provide(coolifyPages(spec, base), world.layer)
  return { address, hint: [] }
})
