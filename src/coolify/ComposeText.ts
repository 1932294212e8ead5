/**
 * The text of a compose file, read as far as fabrik needs it. Coolify writes it anew when it gets it: without comments and
 * anchors, and without the `content` of files (recorded: services 2, 142). So two texts are compared by what they mean.
 */
import * as Either from "effect/Either"
import { type Document, isAlias, isScalar, isSeq, parseDocument, visit } from "yaml"

/** Far more than any compose file of people. */
export const maxComposeBytes = 1_048_576

export const tooLargeCompose = {
  what: "is larger than 1 MiB",
  hint: "is this the right file? What it carries along belongs into an image"
}

/** What somebody should know of a container before it runs. */
export type ComposeConcern = "ports" | "privileged" | "socket" | "relative" | "latest" | "secret" | "name"

/** An entry of `services`. */
interface ComposeService {
  readonly name: string
  /** Empty where it is built. */
  readonly image: string
  readonly isBuilt: boolean
  /** It ends by itself: `restart: "no"`, `on-failure`; or Coolify is not to count it: `exclude_from_hc`. */
  readonly isOneShot: boolean
  /** It is made only when somebody asks for its profile, which Coolify does not. */
  readonly isInProfile: boolean
  readonly concerns: ReadonlyArray<ComposeConcern>
  /** The named volumes, by where the container has them. */
  readonly volumes: ReadonlyMap<string, string>
  /** Everything of it in one fixed form, for comparing. */
  readonly meaning: string
}

export interface ComposeFile {
  readonly services: ReadonlyArray<ComposeService>
  /** What stands beside `services`, in one fixed form. */
  readonly rest: string
  /** What the text asks of its variables, in its order, each once. */
  readonly variables: ReadonlyArray<ComposeVariable>
  /** Files whose text stands in the compose file, by their paths. */
  readonly hasContents: boolean
}

/** A `${NAME}` of the text. */
interface ComposeVariable {
  readonly name: string
  /** `${NAME:?text}`: Coolify makes the text its value, and the container starts with it (recorded: services 4, 200). */
  readonly isRequired: boolean
  /** `${NAME:-text}`: Compose reads the value once more, so that a `$` in it does not arrive (recorded: values 229). */
  readonly hasDefault: boolean
}

/** Said of a text that is no compose file. */
interface ComposeProblem {
  readonly message: string
  readonly hint: string
}

type Mapping = Readonly<Record<string, unknown>>

const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A scalar as Docker reads it: a number and its text are the same there. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (!isMapping(value)) return value === null || value === undefined ? "" : String(value)
  return Object.fromEntries(
    Object.entries(value)
      // Coolify takes them out of the text once it has read them.
      .filter(([key]) => key !== "content" && key !== "is_directory" && key !== "isDirectory")
      .map(([key, one]) => [key, plain(one)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
  )
}

const meaningOf = (value: unknown): string => JSON.stringify(plain(value))

const textsIn = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return isMapping(value) ? Object.values(value).flatMap(textsIn) : []
}

/** `NAME: value` and `- NAME=value`. */
const environmentOf = (given: unknown): ReadonlyArray<readonly [name: string, value: string]> =>
  Array.isArray(given)
    ? given.map((line) => {
        const [name = "", ...value] = String(line).split("=")
        return [name, value.join("=")] as const
      })
    : isMapping(given)
      ? Object.entries(given).map(([name, value]) => [name, String(value ?? "")] as const)
      : []

const secretName = /(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY)$/i

/** A mount of what lies beside the compose file, whose text is not in it. */
const isRelative = (mount: unknown): boolean => {
  const [source, content] = isMapping(mount) ? [mount["source"], mount["content"]] : [mount, undefined]
  return typeof source === "string" && /^\.\.?(?:\/|:|$)/.test(source) && typeof content !== "string"
}

/** A directory or a file of the server begins with a `/`, a `.`, a `~` or a variable. */
const volumeIn = (mount: unknown): ReadonlyArray<readonly [path: string, name: string]> => {
  const [name, path] = isMapping(mount)
    ? [mount["source"], mount["target"]]
    : typeof mount === "string"
      ? mount.split(":")
      : []
  return typeof name === "string" && typeof path === "string" && /^[a-z0-9]/i.test(name) ? [[path, name]] : []
}

const concernsOf = (entry: Mapping): ReadonlyArray<ComposeConcern> => {
  const { container_name: fixed, environment, image, ports, privileged, volumes } = entry
  const named = typeof image === "string" ? image.replace(/^.*\//, "") : ""
  const isSecret = ([name, value]: readonly [string, string]) =>
    secretName.test(name) &&
    value !== "" &&
    !value.includes("$") &&
    !/^(?:true|false|\/run\/secrets\/.*)$/.test(value)
  const found: ReadonlyArray<readonly [ComposeConcern, boolean]> = [
    ["ports", Array.isArray(ports) && ports.length > 0],
    ["privileged", privileged === true],
    ["socket", textsIn(volumes).some((text) => text.includes("docker.sock"))],
    ["relative", Array.isArray(volumes) && volumes.some(isRelative)],
    ["latest", named !== "" && !named.includes("$") && (!/[:@]/.test(named) || named.endsWith(":latest"))],
    ["secret", environmentOf(environment).some(isSecret)],
    ["name", fixed !== undefined]
  ]
  return found.flatMap(([concern, is]) => (is ? [concern] : []))
}

const serviceOf = (name: string, given: unknown): ComposeService => {
  const entry = isMapping(given) ? given : {}
  const { build, exclude_from_hc: excluded, image, profiles, restart } = entry
  const policy = String(restart ?? "").split(":")[0] ?? ""
  return {
    name,
    image: typeof image === "string" ? image : "",
    isBuilt: build !== undefined && build !== null,
    isOneShot: excluded === true || restart === false || policy === "no" || policy === "on-failure",
    isInProfile: Array.isArray(profiles) && profiles.length > 0,
    concerns: concernsOf(entry),
    volumes: new Map(Array.isArray(entry["volumes"]) ? entry["volumes"].flatMap(volumeIn) : []),
    meaning: meaningOf(entry)
  }
}

const reference = /\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+])?[^}]*\}?|([A-Za-z_][A-Za-z0-9_]*))/g

/** Coolify writes the `content` of a mount into a file of the server as it is, and compose never sees it. */
const seenByCompose = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(seenByCompose)
  if (!isMapping(value)) return value
  const entries = Object.entries(value).filter(([key]) => key !== "content" || !("source" in value))
  return Object.fromEntries(entries.map(([key, one]) => [key, seenByCompose(one)]))
}

const variablesIn = (value: unknown): ReadonlyArray<ComposeVariable> => {
  const found = new Map<string, ComposeVariable>()
  for (const text of textsIn(value)) {
    for (const [, braced, sign = "", bare] of text.matchAll(reference)) {
      const name = braced ?? bare
      if (name === undefined) continue
      const before = found.get(name)
      found.set(name, {
        name,
        isRequired: (before?.isRequired ?? false) || sign.endsWith("?"),
        hasDefault: (before?.hasDefault ?? false) || sign !== ""
      })
    }
  }
  return [...found.values()]
}

const hasContents = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.some(hasContents)
    : isMapping(value) && (typeof value["content"] === "string" || Object.values(value).some(hasContents))

/** More aliases than any file of people has, and too few to blow up. */
const maxAliases = 200

/**
 * `volumes: { <<: *list }` is the list itself to Coolify: Symfony's YAML adds what is merged, whatever it is (Parser.php,
 * `$data += $refValue`), and one of Coolify's own templates has it. Docker gets what Coolify has written out.
 */
export const composeDocument = (text: string): Document => {
  const document = parseDocument(text, { merge: true, logLevel: "silent" })
  visit(document, {
    Map: (_, { items: [only, ...more] }) =>
      only !== undefined &&
      more.length === 0 &&
      isScalar(only.key) &&
      String(only.key.source ?? only.key.value) === "<<" &&
      isAlias(only.value) &&
      isSeq(only.value.resolve(document))
        ? only.value
        : undefined
  })
  return document
}

type Reading = Either.Either<ComposeFile, ComposeProblem>

/** `merge`: its anchors are used with `<<`. */
const read = (text: string): Reading =>
  Either.gen(function* () {
    const document = composeDocument(text)
    const [error] = document.errors
    if (error !== undefined) {
      const [start] = error.linePos ?? []
      const place = start === undefined ? "" : ` (line ${start.line}, column ${start.col} of it)`
      return yield* Either.left({
        message: `is no YAML: ${error.message.split("\n")[0]?.replace(/ at line \d+, column \d+:?$/, "")}${place}`,
        hint: "`docker compose config` tells more"
      })
    }
    const whole = yield* Either.try({
      try: (): unknown => document.toJS({ maxAliasCount: maxAliases }),
      catch: () => ({
        message: "has anchors or merges that lead nowhere, or too many",
        hint: "`docker compose config` tells more"
      })
    })
    const services = isMapping(whole) ? whole["services"] : undefined
    if (!isMapping(whole) || !isMapping(services) || Object.keys(services).length === 0) {
      return yield* Either.left({
        message: "has no `services`",
        hint: "a compose file has a map `services` with a container each"
      })
    }
    const { services: _, ...rest } = whole
    return {
      services: Object.entries(services).map(([name, entry]) => serviceOf(name, entry)),
      // A version is of no consequence, and Docker warns of it.
      rest: meaningOf(
        Object.fromEntries(Object.entries(rest).filter(([key]) => key !== "version" && key !== "name"))
      ),
      variables: variablesIn(seenByCompose(whole)),
      hasContents: hasContents(whole)
    }
  })

/** The texts that were read last: each look at a service that starts asks for the same one again. */
const recent = new Map<string, Reading>()
const mostRecent = 4

/** Reads a compose file. */
export const readCompose = (text: string): Reading => {
  const known = recent.get(text)
  if (known !== undefined) return known
  const [oldest] = recent.keys()
  if (oldest !== undefined && recent.size >= mostRecent) recent.delete(oldest)
  const reading = read(text)
  recent.set(text, reading)
  return reading
}

/** The same; `undefined`: there is no text, or it is none. */
export const composeFile = (text: string | undefined): ComposeFile | undefined =>
  text === undefined ? undefined : Either.getOrUndefined(readCompose(text))

/** A named volume whose place in a container another one takes, which is in the file for the first time. */
export const renamedVolume = (before: string, after: string) => {
  const [old, next] = [composeFile(before), composeFile(after)]
  const namesIn = (file: ComposeFile | undefined) =>
    new Set(file?.services.flatMap(({ volumes }) => [...volumes.values()]))
  const [had, has] = [namesIn(old), namesIn(next)]
  for (const { name: container, volumes } of next?.services ?? []) {
    const former = old?.services.find(({ name }) => name === container)?.volumes
    for (const [path, to] of volumes) {
      const from = former?.get(path)
      if (from !== undefined && !has.has(from) && !had.has(to)) return { container, path, from, to }
    }
  }
  return undefined
}

/** Two texts with the same meaning run the same containers. What cannot be read means its own text. */
export const composeMeaning = (text: string): string =>
  Either.match(readCompose(text), {
    onLeft: () => text,
    onRight: ({ rest, services }) =>
      JSON.stringify([services.map(({ meaning, name }) => [name, meaning]).toSorted(), rest])
  })
