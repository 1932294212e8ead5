import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { plainHealthcheck, type VerificationSubject, verification } from "../../orchestrator/Verification.ts"
import { hostsOf } from "../../appspec/Domain.ts"
import { loadSpecs } from "../../appspec/LoadSpec.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { UsageError } from "../Arguments.ts"
import { chooseProcess } from "../ChooseProcess.ts"
import { define } from "../CommandInfo.ts"
import { conclude } from "../Conclude.ts"
import * as Flag from "../Flag.ts"
import { openWorld } from "../Layers.ts"
import { shareSandbox } from "../OpenSubject.ts"
import * as Output from "../Output.ts"
import * as Shared from "../SharedFlags.ts"
import { maskSecrets } from "../Mask.ts"
import { domainOf, isDomain, noSecrets, sandboxOf, type WorldFlags } from "../Subject.ts"

export const verify = define({
  name: "verify",
  about: [
    "Asks the zone's name servers (where DNS credentials are set) and the URL as a visitor would, with its certificate. Changes nothing."
  ],
  config: {
    subject: Flag.one("DOMAIN|FILE", "a domain, or the path of a spec"),
    process: Shared.process,
    spec: Flag.choice("spec", ["deploy", "dns"], { help: "check only the URL, or only DNS" }),
    appName: Flag.text("app-name", { alias: "a", placeholder: "NAME", help: "how to call it in the output" }),
    noRollback: Flag.toggle("no-rollback", { help: "does nothing: verify never changes anything" }),
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik verify app.yaml", says: "is everything as the spec says?" },
    { line: "fabrik verify api.example.com", says: "does / answer 200, with a good certificate?" },
    { line: "fabrik verify api.example.com --spec dns", says: "do all name servers answer alike?" }
  ],
  handler: Effect.fn("command.verify")(function* (flags) {
    const sandbox = sandboxOf(flags)
    const shared = yield* shareSandbox
    const reports = yield* Effect.forEach(yield* subjectsFrom(flags), (subject) =>
      Effect.gen(function* () {
        const world = yield* openWorld({
          ...subject,
          domains: hostsOf(subject.domains),
          sandbox: sandbox === undefined ? undefined : { ...sandbox, shared },
          dryRun: false,
          needs: {
            coolify: false,
            dns: flags.spec === "dns" ? "yes" : flags.spec === "deploy" || subject.leavesDns ? "no" : "if-set"
          },
          secrets: noSecrets
        })
        return yield* Effect.either(
          verification(subject, {
            mode: world.place,
            dns: world.hasDns,
            http: flags.spec !== "dns"
          }).pipe(Effect.provide(world.layer), Effect.provide(Output.layer({ ...flags, verbose: false })))
        )
      })
    )
    // All are looked at before one that fails ends the command.
    for (const report of reports) yield* conclude(yield* report, "not asked")
  }, Effect.scoped)
})

interface Flags extends WorldFlags {
  readonly subject: string
  readonly process: string | undefined
  readonly appName: string | undefined
}

/** Whatever of it answers somewhere. */
const subjectsFrom = Effect.fn("subjectsFrom")(function* (flags: Flags) {
  const { appName, process, subject } = flags
  if (isDomain(subject)) {
    if (process !== undefined) {
      const message = `--process names a process of a spec, and ${subject} is a domain`
      return yield* new UsageError({ message, command: "verify" })
    }
    const domain = yield* domainOf(subject, "verify")
    const ofDomain: Subject = {
      name: appName ?? domain,
      domains: [domain],
      redirect: undefined,
      auth: undefined,
      server: undefined,
      dnsProvider: undefined,
      leavesDns: false,
      healthcheck: plainHealthcheck
    }
    return [ofDomain]
  }
  const specs = yield* chooseProcess(yield* loadSpecs(subject), process, "verify")
  const reached = specs.filter(({ domains }) => domains.length > 0)
  if (reached.length === 0) {
    return yield* new UsageError({
      message: `${specs.map(({ name }) => name).join(", ")} has no domain, so there is nothing to ask from outside: \`fabrik status ${subject}\` tells whether it runs`,
      command: "verify"
    })
  }
  return yield* Effect.forEach(reached, (spec) => subjectFrom(spec, flags))
})

interface Subject extends VerificationSubject {
  readonly server: string | undefined
  readonly dnsProvider: Spec["dns"]["provider"]
  readonly leavesDns: boolean
}

const subjectFrom = Effect.fn("subjectFrom")(function* (spec: Spec, flags: Flags) {
  const { appName, subject } = flags
  const { basicAuth } = spec
  const found = basicAuth === undefined ? [] : yield* maskSecrets(spec, subject, sandboxOf(flags))
  const secret = found.find(({ name }) => name === basicAuth?.secret)?.secret ?? Option.none()
  const password = Option.getOrUndefined(Option.map(secret, ({ value }) => value))
  const read: Subject = {
    name: appName ?? spec.name,
    auth: basicAuth === undefined ? undefined : { ...basicAuth, password },
    domains: spec.domains,
    redirect: spec.redirect,
    server: spec.server,
    dnsProvider: spec.dns.provider,
    leavesDns: spec.dns.none === true,
    healthcheck: spec.healthcheck
  }
  return read
})
