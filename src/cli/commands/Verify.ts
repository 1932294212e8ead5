import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { plainHealthcheck, verification } from "../../orchestrator/Verification.ts"
import { hostsOf } from "../../appspec/Domain.ts"
import { loadSpec } from "../../appspec/LoadSpec.ts"
import { UsageError } from "../Arguments.ts"
import { define } from "../CommandInfo.ts"
import { conclude } from "../Conclude.ts"
import * as Flag from "../Flag.ts"
import { openWorld } from "../Layers.ts"
import * as Output from "../Output.ts"
import * as Shared from "../SharedFlags.ts"
import { maskSecrets } from "../Mask.ts"
import { isDomain, noSecrets, sandboxOf, type WorldFlags } from "../Subject.ts"

export const verify = define({
  name: "verify",
  about: [
    "Asks the zone's name servers (where DNS credentials are set) and the URL as a visitor would, with its certificate. Changes nothing."
  ],
  config: {
    subject: Flag.one("DOMAIN|FILE", "a domain, or the path of a spec"),
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
    const subject = yield* subjectFrom(flags)
    const world = yield* openWorld({
      ...subject,
      domains: hostsOf(subject.domains),
      sandbox: sandboxOf(flags),
      dryRun: false,
      needs: {
        coolify: false,
        dns: flags.spec === "dns" ? "yes" : flags.spec === "deploy" || subject.leavesDns ? "no" : "if-set"
      },
      secrets: noSecrets
    })
    const report = yield* verification(subject, {
      mode: world.place,
      dns: world.hasDns,
      http: flags.spec !== "dns"
    }).pipe(Effect.provide(world.layer), Effect.provide(Output.layer({ ...flags, verbose: false })))
    return yield* conclude(report, "not asked")
  }, Effect.scoped)
})

const subjectFrom = Effect.fn("subjectFrom")(function* (
  flags: { readonly subject: string; readonly appName: string | undefined } & WorldFlags
) {
  const { appName, subject } = flags
  if (isDomain(subject)) {
    const domain = subject.toLowerCase().replace(/\.$/, "")
    return {
      name: appName ?? domain,
      domains: [domain],
      redirect: undefined,
      auth: undefined,
      server: undefined,
      dnsProvider: undefined,
      leavesDns: false,
      healthcheck: plainHealthcheck
    }
  }
  const spec = yield* loadSpec(subject)
  if (spec.domains.length === 0) {
    return yield* new UsageError({
      message: `${spec.name} has no domain, so there is nothing to ask from outside: \`fabrik status ${subject}\` tells whether it runs`,
      command: "verify"
    })
  }
  const { basicAuth } = spec
  const found = basicAuth === undefined ? [] : yield* maskSecrets(spec, subject, sandboxOf(flags))
  const secret = found.find(({ name }) => name === basicAuth?.secret)?.secret ?? Option.none()
  const password = Option.getOrUndefined(Option.map(secret, ({ value }) => value))
  return {
    name: appName ?? spec.name,
    auth: basicAuth === undefined ? undefined : { ...basicAuth, password },
    domains: spec.domains,
    redirect: spec.redirect,
    server: spec.server,
    dnsProvider: spec.dns.provider,
    leavesDns: spec.dns.none === true,
    healthcheck: spec.healthcheck
  }
})
