/** Variables of a service that becomes an application. */
import { dotenvOf, environmentOf, isMagic } from "./ComposeParts.ts"
import { interpolated, type Scope } from "./ComposeText.ts"
import type { Cursor } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"
import type { Job } from "./Input.ts"
import { ruleOf, secret, variable, withoutBreak } from "./Plain.ts"

/** What the services of one file share. */
export interface Common {
  readonly job: Job
  readonly given: ReadonlyMap<string, string>
  /** Which draft mounts a named volume first. */
  readonly volumes: Map<string, string>
}

export const setVariable = (
  { given, job }: Common,
  draft: Draft,
  name: string,
  value: string | undefined,
  from: Cursor
): void => {
  const scope: Scope = {
    draft,
    given,
    magic: (magic) => {
      const domain = draft.get("domain")
      const first = draft.get("domains")
      const host =
        typeof domain === "string" && domain !== "none"
          ? domain
          : Array.isArray(first)
            ? first[0]
            : job.input.domain
      if (!isMagic(magic)) return undefined
      return magic.startsWith("SERVICE_FQDN_")
        ? String(host ?? "")
        : magic.startsWith("SERVICE_URL_") && host !== undefined
          ? `https://${String(host)}`
          : ""
    }
  }
  if (isMagic(name) && name.startsWith("SERVICE_"))
    return from.needless("the domain stands in the spec", "domain")
  // The value of whoever runs compose.
  if (value === undefined)
    return given.has(name)
      ? variable(draft, name, given.get(name) ?? "", from)
      : secret(draft, name, from, ruleOf(name))
  if (!value.includes("$")) return variable(draft, name, value, from)
  for (const magic of new Set([...value.matchAll(/SERVICE_[A-Z0-9]+_\w+/g)].map(([all]) => all))) {
    if (/^SERVICE_(?:USER|PASSWORD|BASE64|REALBASE64|HEX)/.test(magic)) {
      from.take()
      secret(draft, magic.replace(/^SERVICE_/, "GENERATED_"), from, "generate")
      draft.put(
        "env",
        name,
        value.replace(
          /\$\{?SERVICE_([A-Z0-9]+_\w+)\}?/g,
          (_, rest: string) => `\${secrets.GENERATED_${rest}}`
        ),
        from
      )
      return undefined
    }
  }
  const text = withoutBreak(interpolated(value, scope, from), from)
  if (text === `\${secrets.${name}}`) return undefined
  draft.put("env", name, text, from)
  return undefined
}

export const readEnvironment = (common: Common, draft: Draft, service: Cursor): void => {
  for (const file of service.key("env_file").items()) {
    const path = file.kind === "Pairs" ? file.key("path").text() : file.text()
    const values = dotenvOf(common.job, path ?? "")
    if (values === undefined && file.key("required").text() === "false") {
      file.needless("it need not be there, and is not", "env")
      continue
    }
    if (values === undefined) {
      file.leave("the file is not there: what it says has to go under `env` and `secrets`", "env")
      continue
    }
    file.take()
    for (const [name, value] of values) variable(draft, name, value, file)
  }
  for (const { from, name, value } of environmentOf(service)) {
    if (from.kind !== "Leaf") {
      from.leave("its value is no text", "env")
      continue
    }
    from.take()
    setVariable(common, draft, name, value, from)
  }
}
