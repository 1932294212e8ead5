/** What roles and accessories of Kamal have in common. */
import type { Cursor } from "./Cursor.ts"
import { type Draft, literal } from "./Draft.ts"
import { type Erb, hasErb, withErb } from "./Erb.ts"
import type { Job } from "./Input.ts"
import { secret, variableAt } from "./Plain.ts"

export interface KamalFile {
  readonly job: Job
  readonly erb: Erb
  readonly service: string
  /** Which draft mounts a named volume first. */
  readonly volumes: Map<string, string>
}

/** The text that stands there, if Ruby need not be run for it. */
export const textOf = (cursor: Cursor, erb: Erb): string | undefined => {
  const text = cursor.peek()
  if (text === undefined || !hasErb(text)) return cursor.text()
  const known = withErb(text, erb, (part) => part)
  if (known === undefined || known.includes("${env.")) {
    return cursor.leave("Ruby says what it is: write it here")
  }
  cursor.take()
  return known
}

export const readVariable = (draft: Draft, one: Cursor, erb: Erb): void => {
  const text = one.peek() ?? ""
  if (!hasErb(text)) return variableAt(draft, one.name, one)
  const value = withErb(text, erb, literal)
  if (value === undefined) {
    one.leave("Ruby says what it is: give its value in `.env`", "env")
    return secret(draft, one.name, one, "required")
  }
  one.take()
  return draft.put("env", one.name, value, one)
}

export const readVariables = ({ erb }: KamalFile, draft: Draft, env: Cursor): void => {
  const isSplit = env.has("clear") || env.has("secret") || env.has("tags")
  for (const one of isSplit ? env.key("clear").pairs() : env.pairs()) readVariable(draft, one, erb)
  for (const one of isSplit ? env.key("secret").items() : []) {
    const [name = "", source] = (one.text() ?? "").split(":")
    secret(draft, source ?? name, one, "required")
    if (source !== undefined && source !== name) draft.put("env", name, `\${secrets.${source}}`, one)
  }
  env.key("tags").leave("there is one server: give its variables under `env`", "env")
}

export const volumesOf = ({ erb, volumes }: KamalFile, draft: Draft, list: Cursor): void => {
  for (const one of list.items()) {
    const text = textOf(one, erb)
    if (text === undefined) continue
    const [source = "", target = "", options = ""] = text.split(":")
    const holder = volumes.get(source)
    if (!source.startsWith("/") && holder !== undefined && holder !== draft.name) {
      one.leave(
        `${draft.name} does not get this volume: an application's volumes are its own, and ${holder} has it; what both use is a directory of the server, e.g. /srv/${source}:${target} in both`,
        "volumes"
      )
      draft.comment(
        "volumes",
        `Left out: ${text}: an application's volumes are its own, and ${holder} has this one.`
      )
      continue
    }
    volumes.set(source, draft.name)
    draft.add(
      "volumes",
      [source, target, ...options.split(",").filter((word) => word === "ro")].join(":"),
      one
    )
  }
}

export const leaveHost = (host: Cursor): undefined =>
  host.leave("it runs on a server of Coolify's: `server` names it, by its address too")

/** Options of `docker run`. */
export const readOptions = (draft: Draft, options: Cursor, erb: Erb): void => {
  for (const one of options.pairs()) {
    if (one.name === "network")
      one.needless("Coolify's applications are all in one network", "networkAliases")
    else if (["network-alias", "name"].includes(one.name))
      for (const alias of one.items()) draft.add("networkAliases", textOf(alias, erb) ?? "", alias)
    else if (one.name === "memory") draft.put("resources", "memory", textOf(one, erb), one)
    else if (one.name === "cpus") draft.put("resources", "cpus", textOf(one, erb), one)
    else if (one.name === "add-host") one.leave("Coolify hands on no such option", "runOptions")
    else
      for (const value of one.items())
        draft.add(
          "runOptions",
          value.peek() === "true" ? `--${one.name}` : `--${one.name}=${textOf(value, erb) ?? ""}`,
          value
        )
    if (one.kind === "Leaf") one.take()
  }
}
