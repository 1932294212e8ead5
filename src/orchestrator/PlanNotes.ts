import * as Redacted from "effect/Redacted"
import { isCompose } from "../coolify/Source.ts"
import { sharedIn } from "../coolify/VariableValue.ts"
import type { Spec } from "../appspec/Spec.ts"
import { assumedZone } from "../dns/DnsDryRun.ts"
import { composeNotes } from "./ComposeNotes.ts"
import type { Desired } from "./Desired.ts"
import type { SecretOrigin } from "../engine/DeploymentEvent.ts"
import * as Marker from "../engine/Marker.ts"
import type { ObservedDns } from "../kinds/DiffRecord.ts"
import { isInterrupted } from "../kinds/Database.ts"
import { stillOpen } from "../kinds/PublicPort.ts"
import type { Observed } from "./Observe.ts"
import { releaseIn } from "../kinds/VariableComment.ts"

/** Whether Coolify has them takes requests that only a token of the whole team may make, so nobody asks. */
const sharedNotes = ({ spec, variables }: Desired): ReadonlyArray<string> =>
  variables.flatMap(({ key, value }) => {
    const names = sharedIn(Redacted.value(value))
    if (names.length === 0) return []
    const which = spec.secrets.includes(key) ? "shared variables" : names.join(", ")
    return [
      `Coolify puts its own ${which} into ${key} with each deployment. What that is was not looked at; where there is none, the \`{{...}}\` stays as text.`
    ]
  })

/** What the operator should know before saying yes. */
/** A database under another name is another one: what looks like a new name is told. */
const emptyNotes = ({ databases, otherDatabases }: Observed): ReadonlyArray<string> =>
  databases.flatMap(({ live, wanted }) => {
    const former = otherDatabases.filter(({ engine }) => live === undefined && engine === wanted.engine)
    return former.length === 0
      ? []
      : [
          `The database ${wanted.resource} is a new one, and empty: what ${former.map(({ name }) => name).join(", ")} holds does not get there. To go on with that, call it in the spec as before.`
        ]
  })

export const planNotes = (
  desired: Desired,
  observed: Observed,
  what: {
    readonly deploys: boolean
    readonly replaces: boolean
    readonly drifted: boolean
    readonly unseen?: ReadonlyArray<string>
    readonly offline?: boolean
  }
): ReadonlyArray<string> => {
  const { spec } = desired
  const isNowhere = spec.domains.length === 0
  const notes: Array<string> = [
    ...(isNowhere && what.deploys
      ? [
          "It has no domain: nobody outside can ask it, so it counts as good when its container runs and stays up."
        ]
      : []),
    ...(what.deploys && isStopped(observed)
      ? [
          `${spec.name} is stopped in Coolify. Applying deploys it, so that it runs again; \`fabrik start\` starts what was deployed last.`
        ]
      : []),
    ...(observed.recordsUnseen === true
      ? [
          "An earlier run did not come to its end, and no credentials of a DNS provider are set: whether it left a record could not be looked at."
        ]
      : []),
    ...(observed.dns.some(({ zone }) => zone.id === assumedZone)
      ? [
          "No credentials of a DNS provider are set, so an empty zone is assumed. Where a wildcard or another record leads to the server already, say `dns: none` in the spec: none are needed then."
        ]
      : []),
    ...secretNotes(desired, observed, what.offline === true),
    ...unseenNotes(what.unseen ?? []),
    ...(what.deploys ? sharedNotes(desired) : []),
    ...observed.parts.flatMap(({ notes }) => notes),
    ...composeNotes(desired, {
      updates: what.deploys && observed.application !== undefined && isCompose(observed.application.source),
      composeText: observed.application?.composeText
    }),
    ...(desired.referenceNotes ?? []),
    ...observed.sharedDatabases.flatMap(({ live }) =>
      live?.status.startsWith("exited") === true
        ? [`The database ${live.name}, which the spec only uses, is stopped in Coolify; it stays so.`]
        : []
    ),
    ...observed.former.map(({ name }) => formerNote(name)),
    ...observed.otherDatabases.map(
      ({ name, ...one }) =>
        `The database ${name} is not in the spec any more; it stays, with its data${stillOpen(one)}. Delete it in Coolify once nobody needs it.`
    )
  ]
  notes.push(
    ...observed.databases
      .filter(isInterrupted)
      .map(
        ({ wanted }) =>
          `Coolify stops the database ${wanted.resource} before it starts it with ${wanted.image}: nobody reaches it in between, which has to be agreed to with --allow-downtime.`
      ),
    ...emptyNotes(observed)
  )
  const lost = what.deploys ? goingOffAir(spec, observed) : []
  if (lost.length > 0) {
    const [it, goes] = lost.length === 1 ? ["it", "goes"] : ["them", "go"]
    notes.push(
      `${lost.join(", ")} ${goes} off the air: Coolify serves ${it} now, and the spec does not name ${it}. To keep ${it}, write ${it} under \`domains\`.`
    )
  }
  if (what.drifted) {
    notes.push("The spec is the one applied last: what differs was changed outside fabrik, and is put right.")
  }
  if (what.replaces) {
    notes.push(
      `Coolify cannot change this source in place: a new application is deployed beside the old one${isNowhere ? ", so that both run for a while" : ` and takes its ${spec.domains.length > 1 ? "domains" : "domain"}`}, then the old one is deleted. Its volumes stay on the server, but do not move, nor does what was set by hand in Coolify.`
    )
  }
  if (what.deploys && !spec.healthcheck.container && !isCompose(spec.source)) {
    const [isNew, after] = [observed.application === undefined, "fabrik has rolled back"]
    if (what.replaces) {
      notes.push(
        isNowhere
          ? "healthcheck.container is off: the new application has to stay up beside the old one (healthcheck.settle) before that is stopped."
          : "healthcheck.container is off: the new application has to stay up beside the old one (healthcheck.settle) before it gets the domain, but how it answers is seen only there. Should it answer wrong, the site is down until fabrik has put the old one back."
      )
    } else if (!isNew) {
      notes.push(
        isNowhere
          ? `healthcheck.container is off: Coolify removes the old version as soon as the new one has started. Should the new one crash, none runs until ${after}.`
          : `healthcheck.container is off: Coolify removes the old version as soon as the new one has started. Should the new one crash or answer wrong, the site is down until ${after}. Turn it on if the image ships curl or wget.`
      )
    } else if (!isNowhere) {
      notes.push(
        "Coolify does not check the container's health before it counts a deployment as finished (healthcheck.container is off)."
      )
    }
  }
  if (what.deploys && observed.application !== undefined && spec.ports !== undefined) {
    notes.push(
      "ports: Coolify stops the old version before it starts the new one, as both would need the same port of the server. The gap has to be agreed to with --allow-downtime."
    )
  }
  const readable = spec.build.env.filter((name) => spec.secrets.includes(name))
  if (readable.length > 0) {
    notes.push(
      `The build reads ${readable.join(", ")} (build.env): whoever has the image or its \`docker history\` can read ${readable.length === 1 ? "this secret" : "these secrets"}.`
    )
  }
  if (spec.source._tag === "Git" && spec.source.commit === "HEAD") {
    const { branch } = spec.source
    if (!what.deploys) notes.push(`New commits on ${branch} are not looked for; deploy them with --redeploy.`)
    else if (observed.application !== undefined) {
      notes.push(`The newest commit of ${branch} is deployed, also where an older one runs now.`)
    }
  }
  if (spec.source._tag === "Image" && spec.source.tag === "latest") {
    notes.push(
      "The image's tag is `latest`, which names no version: a rollback may get a newer image than the one that ran."
    )
  }
  if (
    observed.dns.length > 0 &&
    spec.dns.target === undefined &&
    isPrivate(observed.server.ip) &&
    observed.server.ip !== "127.0.0.1"
  ) {
    notes.push(
      `The server's address ${observed.server.ip} is private: the domain will not be reachable from outside. Set dns.target.`
    )
  }
  return [...notes, ...observed.dns.flatMap((found) => recordNotes(desired, found))]
}

/** It ran, and was stopped: by `fabrik stop`, in Coolify, or because it kept crashing. */
const isStopped = ({ application, variables }: Observed): boolean =>
  application?.status.startsWith("exited") === true && releaseIn(variables)?.pending === false

/** Said of the application of a process, where the spec has no processes any more. */
export const formerNote = (name: string): string =>
  `The application ${name} was made for a process of this spec, which has none any more: it stays as it is. Write \`processes: { web: {} }\` to have it deleted, or give it a spec of its own with \`name: ${name}\`.`

/** What the application answers at now, and will no more. A port in an URL is the container's, so it makes no difference. */
const goingOffAir = ({ domains }: Spec, { application }: Observed): ReadonlyArray<string> =>
  (application?.domains ?? []).filter((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    return url === undefined || !domains.includes(`${url.hostname}${url.pathname}`.replace(/\/$/, ""))
  })

/** What is to be known of the record of one domain. */
const recordNotes = (
  { owner, spec, target }: Desired,
  { name, provider, recordSets, zone }: ObservedDns
): ReadonlyArray<string> => {
  const notes: Array<string> = []
  const isDeep = name.split(".").length > zone.name.split(".").length + 1
  if (provider === "cloudflare" && spec.dns.proxied && isDeep) {
    notes.push(
      `dns.proxied: Cloudflare's Universal SSL covers ${zone.name} and one label below it, not ${name}. Without an advanced certificate for it (Total TLS) visitors get a TLS error, and the run fails: take dns.proxied away, or choose a domain like ${name.slice(0, -zone.name.length - 1).replaceAll(".", "-")}.${zone.name}.`
    )
  }
  const other = recordSets.find(
    (recordSet) =>
      (recordSet.type === "A" || recordSet.type === "AAAA") &&
      recordSet.type !== target?.type &&
      Marker.parse(recordSet.comment)?.key !== Marker.applicationKey(owner, spec)
  )
  if (other !== undefined && target?.type !== "CNAME") {
    notes.push(`${name} also has ${other.type} ${other.values.join(", ")}: visitors may be sent there.`)
  }
  return notes
}

/** A value that is made up where one was meant to be given is told before, not after. */
const secretNotes = (
  { edited = [], secrets, spec }: Desired,
  observed: Observed,
  offline: boolean
): ReadonlyArray<string> => {
  const named = (...origins: ReadonlyArray<SecretOrigin>) =>
    secrets
      .filter(({ name, origin }) => origins.includes(origin) && !spec.secretRules.has(name))
      .map(({ name }) => name)
  const stands = (name: string) => observed.variables.some(({ isPreview, key }) => !isPreview && key === name)
  const note = (names: ReadonlyArray<string>, text: (all: string) => string) =>
    names.length === 0 ? [] : [text(names.toSorted().join(", "))]
  return [
    ...note(
      // One that was generated for a run that came to nothing is as new to the application.
      offline ? [] : named("generated", "stored").filter((name) => !stands(name)),
      (all) =>
        `Nothing is given for ${all}, and the application has no value yet: it gets a random one. Where that is right, write \`NAME: generate\` under \`secrets\`; where it is not, \`NAME: required\`, and set it in the environment or in .env.`
    ),
    ...note(
      named("kept-or-generated"),
      (all) =>
        `Nothing is given for ${all} here: the application keeps the value that it has, or a random one is made up.`
    ),
    ...note(
      secrets.filter(({ origin }) => origin === "missing").map(({ name }) => name),
      (all) =>
        `Nothing is given for ${all} here: unless the application has a value already, apply is refused.`
    ),
    ...note(
      edited,
      (all) =>
        `Since fabrik wrote ${all}, somebody else has changed it in Coolify. As nobody gives a value now, that one stays.`
    )
  ]
}

/** Variables of the spec that stand in Coolify with a value that the token may not read. */
export const unseenVariables = (
  { held = [], variables }: Desired,
  observed: Observed
): ReadonlyArray<string> => {
  const hidden = observed.variables.filter((row) => !row.isPreview && row.value === undefined)
  return [...variables, ...held]
    .map(({ key }) => key)
    .filter((key) => hidden.some((row) => row.key === key))
    .toSorted()
}

const unseenNotes = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.length === 0
    ? []
    : [
        `The token may not read values (read:sensitive), so ${names.join(", ")} could not be looked at: only the digests that fabrik left beside them were compared, and a value changed by hand in Coolify would not show.`
      ]

const isPrivate = (address: string): boolean =>
  /^(?:10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:|fe80:)/i.test(address)
