/** What is to be known of a compose file before it is applied: what is refused, and what is only told. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { type ComposeConcern, composeFile, renamedVolume } from "../coolify/ComposeText.ts"
import type { ApplicationSource } from "../coolify/endpoints/Applications.ts"
import { isCompose } from "../coolify/Source.ts"
import type { Spec } from "../appspec/Spec.ts"
import { RefusedError } from "../engine/DeployError.ts"
import type { Desired } from "./Desired.ts"

/** Coolify gives these their values. */
const isCoolifys = (name: string): boolean => /^(?:SERVICE|COOLIFY)_/.test(name)

/** @param composeText what Coolify has read of a file in a repository. */
const fileOf = ({ source }: Spec, composeText?: string | null) =>
  composeFile(
    source._tag === "Compose" ? source.text : isCompose(source) ? (composeText ?? undefined) : undefined
  )

const given = ({ env, references, secrets }: Spec): ReadonlySet<string> =>
  new Set([...Object.keys(env), ...Object.keys(references), ...secrets])

const refused = (detail: string, next: string) =>
  Either.left(new RefusedError({ reason: "Unsendable", detail, next }))

/** Refuses a volume that goes by another name, as it would be another one, and empty. */
export const refuseRenamedVolume = (
  { spec: { source } }: Pick<Desired, "spec">,
  before: ApplicationSource | undefined
): Either.Either<void, RefusedError> => {
  if (source._tag !== "Compose" || before?._tag !== "Compose" || before.text === undefined) {
    return Either.right(undefined)
  }
  const found = renamedVolume(before.text, source.text)
  if (found === undefined) return Either.right(undefined)
  const { container, from, path, to } = found
  return Either.left(
    new RefusedError({
      reason: "Unrestorable",
      detail: `a volume cannot be renamed: ${to} would be another one at ${path} of ${container}, and empty, and what ${from} holds would not be there any more`,
      next: `keep the name ${from} in the compose file. If an empty one is meant, or the data is to move, name both for one version, \`${from}:${path}-old\` and \`${to}:${path}\`, and drop ${from} with the next one`
    })
  )
}

/** Refuses what Coolify would take, and start with another value than the one that is meant. */
export const refuseCompose = (
  { spec, variables }: Pick<Desired, "spec" | "variables">,
  composeText?: string | null
): Either.Either<void, RefusedError> => {
  const file = fileOf(spec, composeText)
  if (file === undefined) return Either.right(undefined)
  const names = given(spec)
  const missing = file.variables.filter(
    ({ isRequired, name }) => isRequired && !names.has(name) && !isCoolifys(name)
  )
  if (missing.length > 0) {
    return refused(
      `the compose file demands ${missing.map(({ name }) => name).join(", ")}, and the spec does not give it: Coolify would start the containers with the text of the error in its place`,
      "add it to `env` or to `secrets`"
    )
  }
  const interpolated = new Set(file.variables.flatMap(({ hasDefault, name }) => (hasDefault ? [name] : [])))
  const read = variables.filter(
    ({ key, value }) => interpolated.has(key) && Redacted.value(value).includes("$")
  )
  if (read.length > 0) {
    return refused(
      `${read.map(({ key }) => key).join(", ")} has a $ in its value, and stands in the compose file with a default (\`\${NAME:-...}\`): Coolify copies the value into the file, where Docker reads the $ once more`,
      "write `${NAME}` without a default in the compose file"
    )
  }
  return Either.right(undefined)
}

const said: Readonly<Record<ComposeConcern, (names: string) => string>> = {
  ports: (names) =>
    `${names}: \`ports\` are the server's own, for everybody who reaches it, beside Coolify's proxy. Behind a domain they are not needed.`,
  privileged: (names) => `${names} runs privileged: it can do on the server whatever root can.`,
  socket: (names) => `${names} mounts the socket of Docker: it can do on the server whatever root can.`,
  // Recorded: `./conf/app.conf` is an empty directory then (services 10; compose-app 9, 45).
  relative: (names) =>
    `${names}: what a path with \`./\` names is a directory in a folder of Coolify's on the server, empty at first: neither the files beside the compose file nor those of a repository get there, and a file becomes a directory of its name. A file's text stands in the compose file, as \`content\` of the volume in its long form.`,
  latest: (names) =>
    `${names}: the image names no version (\`latest\`), so that a rollback may get a newer one than ran before.`,
  secret: (names) =>
    `${names}: what looks like a secret stands in the compose file itself. Write \`\${NAME}\` there, and NAME under \`secrets\`.`,
  name: (names) => `${names}: Coolify gives containers its own names, so \`container_name\` does not count.`
}

/** What the operator should know before saying yes. */
export const composeNotes = (
  { spec }: Desired,
  what: { readonly updates: boolean; readonly composeText?: string | null | undefined }
): ReadonlyArray<string> => {
  const stops = what.updates
    ? [
        "Coolify stops all containers of a compose file before it starts the new ones: nobody answers in between. Their volumes stay."
      ]
    : []
  const file = fileOf(spec, what.composeText)
  if (file === undefined) return stops
  const { services, variables } = file
  const kinds = [...new Set(services.flatMap(({ concerns }) => concerns))]
  const names = given(spec)
  const empty = variables.filter(
    ({ hasDefault, name }) => !hasDefault && !names.has(name) && !isCoolifys(name)
  )
  const once = services.filter(({ isOneShot }) => isOneShot).map(({ name }) => name)
  const idle = services.filter(({ isInProfile }) => isInProfile).map(({ name }) => name)
  return [
    ...stops,
    ...(what.updates && file.hasContents
      ? [
          "Coolify writes the `content` of a file in a compose file once, when it first reads of it: a changed one does not arrive. Give the file another path to have it written anew."
        ]
      : []),
    ...(empty.length === 0
      ? []
      : [
          `The compose file uses ${empty.map(({ name }) => name).join(", ")}, and the spec gives no value: it is empty unless Coolify has one.`
        ]),
    ...(once.length === 0
      ? []
      : [
          `${once.join(", ")} ${once.length === 1 ? "ends" : "end"} by itself: Coolify does not tell how, so nobody looks at it.`
        ]),
    ...(idle.length === 0 ? [] : [`${idle.join(", ")}: nobody asks for its profile, so it does not run.`]),
    ...kinds.map((kind) =>
      said[kind](services.flatMap(({ concerns, name }) => (concerns.includes(kind) ? [name] : [])).join(", "))
    )
  ]
}
