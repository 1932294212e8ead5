/** `envVars` of render.yaml: values, what is generated or asked for, and what comes from elsewhere. */
import type { Cursor } from "./Cursor.ts"
import { type Draft, literal } from "./Draft.ts"
import { hasDomain } from "./Input.ts"
import { isSecret, secret, variableAt } from "./Plain.ts"
import type { RenderService } from "./Render.ts"
import type { Databases } from "./SharedDatabases.ts"

const properties: Readonly<Record<string, string>> = {
  connectionString: "url",
  host: "host",
  port: "port",
  user: "user",
  password: "password",
  database: "name"
}

export interface Around {
  readonly services: ReadonlyArray<RenderService>
  readonly databases: Databases
  readonly groups: ReadonlyMap<string, Cursor>
}

export const readRenderVariables = (
  services: ReadonlyArray<RenderService>,
  databases: Databases,
  places: ReadonlyArray<Cursor>,
  jobs: ReadonlyArray<Cursor>
): Around => {
  const groups = new Map<string, Cursor>()
  for (const group of places.flatMap((one) => one.key("envVarGroups").items()))
    groups.set(group.key("name").text() ?? "", group)
  const around: Around = { services, databases, groups }
  for (const { cursor, draft } of services)
    for (const one of cursor.key("envVars").items()) readOne(around, draft, one)
  for (const [name, group] of groups)
    for (const one of group.key("envVars").items())
      if (
        ![...services.map(({ cursor }) => cursor), ...jobs].some((cursor) =>
          cursor
            .key("envVars")
            .items()
            .some((used) => used.key("fromGroup").peek() === name)
        )
      )
        one.leave("no service of the file takes this group", "env")
  return around
}

const textsIn = (cursor: Cursor): string =>
  cursor.kind === "Pairs"
    ? cursor
        .pairs()
        .map((one) => `${one.name}=${textsIn(one)}`)
        .toSorted()
        .join()
    : (cursor.peek() ?? "")

/** Variables of a command that runs in the container of another service, which has those of both. */
export const readJobVariables = (around: Around, home: RenderService, job: Cursor): void => {
  const own = home.cursor.key("envVars").items()
  const variables = (one: Cursor): ReadonlyArray<Cursor> =>
    one.has("fromGroup")
      ? (around.groups
          .get(one.key("fromGroup").peek() ?? "")
          ?.key("envVars")
          .items() ?? [])
      : [one]
  const known = own.flatMap(variables)
  for (const one of job.key("envVars").items()) {
    const there = own.some((other) => textsIn(other) === textsIn(one))
    if (there) {
      one.needless(`${home.name} has it too`, "schedules")
      continue
    }
    if (one.has("fromGroup") && variables(one).length === 0) {
      readOne(around, home.draft, one)
      continue
    }
    one.key("fromGroup").take()
    for (const inner of variables(one)) {
      const name = inner.key("key").peek()
      const other = known.find((two) => two.key("key").peek() === name)
      if (other === undefined) readOne(around, home.draft, inner)
      else if (textsIn(other) === textsIn(inner)) inner.take()
      else
        inner.leave(`${home.name} has another value of it, and the command runs with that one`, "schedules")
    }
  }
}

const required = (draft: Draft, name: string, from: Cursor) => secret(draft, name, from, "required")

const readOne = (around: Around, draft: Draft, one: Cursor): void => {
  const group = one.key("fromGroup")
  if (group.exists) {
    const found = around.groups.get(group.text() ?? "")
    if (found === undefined)
      return group.leave("the group stands in Render's dashboard: name its variables here", "env")
    for (const inner of found.key("envVars").items()) readOne(around, draft, inner)
    return undefined
  }
  const name = one.key("key").text() ?? ""
  const [value, generated, sync] = ["value", "generateValue", "sync"].map((key) => one.key(key))
  one.key("previewValue").leave("fabrik deploys no previews of pull requests", "env")
  if (value?.exists === true) return variableAt(draft, name, value)
  if (generated !== undefined && /^(?:true|yes|on)$/i.test(generated.peek() ?? "")) {
    generated.take()
    return secret(draft, name, generated, "generate")
  }
  if (one.has("fromDatabase")) return readDatabase(around, draft, name, one.key("fromDatabase"))
  if (one.has("fromService")) return readService(around, draft, name, one.key("fromService"))
  // Asked for in Render's dashboard.
  sync?.text()
  generated?.text()
  return required(draft, name, one)
}

const readDatabase = ({ databases }: Around, draft: Draft, name: string, from: Cursor): void => {
  const [database, property] = [
    from.key("name").text() ?? "",
    from.key("property").text() ?? "connectionString"
  ]
  const known = properties[property]
  const reference = known === undefined ? undefined : databases.reference(database, known, draft)
  if (reference !== undefined) return draft.put("env", name, reference, from)
  from.leave(
    known === undefined
      ? "a database of Coolify's tells nothing of the kind: give the value in `.env`"
      : "the file defines no database of that name: give the value in `.env`",
    "env"
  )
  return required(draft, name, from)
}

const readService = (around: Around, draft: Draft, name: string, from: Cursor): void => {
  const [target, property, key] = [
    from.key("name").text() ?? "",
    from.key("property").text(),
    from.key("envVarKey").text()
  ]
  from.key("type").text()
  if (around.databases.has(target)) {
    const known = properties[property ?? "connectionString"]
    const reference = known === undefined ? undefined : around.databases.reference(target, known, draft)
    if (reference !== undefined) return draft.put("env", name, reference, from)
  }
  const found = around.services.find((one) => one.name === target)
  if (found === undefined) {
    from.leave("the file defines no service of that name: give the value in `.env`", "env")
    return required(draft, name, from)
  }
  if (key !== undefined) return copied(found, draft, name, key, from)
  found.draft.add("networkAliases", target, found.cursor)
  const port = found.draft.get("port")
  const value =
    property === "port"
      ? String(port ?? "")
      : property === "host"
        ? target
        : `${target}:${String(port ?? "")}`
  return draft.put("env", name, value, from)
}

/** The value that another service has under `key`. */
const copied = (found: RenderService, draft: Draft, name: string, key: string, from: Cursor): void => {
  if (key === "RENDER_EXTERNAL_URL" || key === "RENDER_EXTERNAL_HOSTNAME") {
    const domain = found.draft.get("domain")
    const all = found.draft.get("domains")
    const host = Array.isArray(all) ? all[0] : domain
    if (hasDomain(found.draft)) {
      return draft.put(
        "env",
        name,
        key === "RENDER_EXTERNAL_URL" ? `https://${String(host)}` : String(host),
        from
      )
    }
    from.leave(
      `${found.name} has no domain yet: give the value in \`.env\`, or write it here once it has one`,
      "env"
    )
    return required(draft, name, from)
  }
  const other = found.cursor
    .key("envVars")
    .items()
    .find((one) => one.key("key").peek() === key)
  const value = other?.key("value").peek()
  if (value !== undefined && !isSecret(key, value)) return draft.put("env", name, literal(value), from)
  if (name === key) {
    from.needless(`the same as that of ${found.name}`, "secrets")
    return secret(draft, name, from, other?.key("generateValue").peek() === "true" ? "generate" : "required")
  }
  secret(draft, key, from, "required")
  return draft.put("env", name, `\${secrets.${key}}`, from)
}
