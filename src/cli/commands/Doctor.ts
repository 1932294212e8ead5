import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { loadSpecs } from "../../appspec/LoadSpec.ts"
import type { SandboxHandle } from "../../sandbox/SandboxHandle.ts"
import { renderChecked, renderChecks, toldCheck } from "../../ui/DoctorView.ts"
import { jsonLine } from "../../ui/Json.ts"
import { Screen } from "../../ui/Screen.ts"
import { readAll } from "../Batch.ts"
import { inCoolify, inDns } from "../Checks.ts"
import { Concluded } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Flag from "../Flag.ts"
import { checkMachine } from "../MachineChecks.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { checkState } from "../StateChecks.ts"
import { specFiles } from "../SpecFiles.ts"
import { sandboxOf } from "../Subject.ts"

export const doctor = define({
  name: "doctor",
  about: [
    "Looks at this machine (its clock, proxies, the modes of .env and .fabrik, port 53), at the state that a team shares, at Coolify, what its token may do, its servers and their entrance, the DNS account and, with specs, the zones of their domains. Sends nothing that could change anything.",
    "Exit 0: nothing failed. Exit 6: something did; each is told with what to do."
  ],
  config: {
    files: Flag.any("FILE", "specs whose domains are looked at too"),
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik doctor", says: "are the credentials right, and what may they do?" },
    { line: "fabrik doctor app.yaml", says: "and is its domain in a zone of the account?" }
  ],
  handler: Effect.fn("command.doctor")(function* (flags) {
    const files = flags.files.length === 0 ? [] : yield* specFiles(flags.files)
    const specs = yield* readAll(files, loadSpecs, flags.json)
    const sandbox = sandboxOf(flags)
    const shared = yield* Ref.make<SandboxHandle | undefined>(undefined)
    const request = { sandbox: sandbox === undefined ? undefined : { ...sandbox, shared }, dryRun: false }
    // A sandbox is on this machine, whatever leads out of it.
    const machine = sandbox === undefined ? yield* checkMachine(files) : []
    const state = sandbox === undefined ? yield* checkState : []
    const coolify = yield* inCoolify(request)
    const dns = yield* inDns(request, specs)
    const checks = [...machine, ...state, ...coolify, ...dns]
    const { err, out } = yield* Screen
    if (flags.json) yield* Say.result(checks.map((check) => jsonLine({ type: "Check", ...toldCheck(check) })))
    else yield* Say.result(renderChecks(checks, out.style))
    if (!flags.json && !flags.quiet) yield* err.write(`${err.style.bold(renderChecked(checks))}\n`)
    if (checks.some(({ state }) => state === "failed")) return yield* new Concluded({ code: ExitCode.unseen })
  }, Effect.scoped)
})
