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
  /** Where a service answers, as far as that is known. */
  readonly hosts: Map<string, string>
  /** Of all services. */
  readonly names: ReadonlyArray<string>
}

const magicPlace = /\bSERVICE_(?:FQDN|URL)_([A-Z0-9_]+?)(?:_\d+)?\b/g

/** What an own domain's variable stands for: that of the service that it is named after, as Coolify names it. */
const hostIn = ({ hosts, job, names }: Common, magic: string): string | undefined => {
  const [, word] = new RegExp(magicPlace.source).exec(magic) ?? []
  const service = names.find((name) => name.toUpperCase().replace(/[^A-Z0-9]/g, "_") === word)
  return service === undefined ? job.input.domain : hosts.get(service)
}

/** Passwords and names of users that Coolify makes up. */
const magicValue = /\$\{?SERVICE_((?:USER|PASSWORD(?:WITHSYMBOLS)?|BASE64|REALBASE64|HEX)_\w+)\}?/g

/** What Coolify gives each application itself. */
const ownNames =
  /^(?:COOLIFY_(?:URL|FQDN|BRANCH|RESOURCE_UUID|CONTAINER_NAME|APP_ID|PROJECT|ENVIRONMENT|SERVER_\w+)|SOURCE_COMMIT)$/

export const setVariable = (
  common: Common,
  draft: Draft,
  name: string,
  value: string | undefined,
  from: Cursor
): void => {
  const { given } = common
  const scope: Scope = {
    draft,
    given,
    magic: (magic) => {
      if (!isMagic(magic)) return undefined
      const host = hostIn(common, magic) ?? ""
      return magic.startsWith("SERVICE_FQDN_")
        ? host
        : magic.startsWith("SERVICE_URL_") && host !== ""
          ? `https://${host}`
          : ""
    }
  }
  if (isMagic(name) && name.startsWith("SERVICE_"))
    return from.needless("the domain stands in the spec", "domain")
  const isOwn = value === undefined || value === "" || value.replace(/^\$\{?(\w+)\}?$/, "$1") === name
  if (ownNames.test(name) && isOwn) return from.needless("Coolify gives it to each application itself", "env")
  // The value of whoever runs compose.
  if (value === undefined)
    return given.has(name)
      ? variable(draft, name, given.get(name) ?? "", from)
      : secret(draft, name, from, ruleOf(name))
  if (!value.includes("$")) return variable(draft, name, value, from)
  const places = [...value.matchAll(magicPlace)].map(([magic]) => magic)
  if (places.some((magic) => hostIn(common, magic) === undefined)) {
    from.leave("where that service answers is not known yet: write it here once it has a domain", "env")
    return secret(draft, name, from, "required")
  }
  const made = [...value.matchAll(magicValue)].map(([, rest = ""]) => rest)
  for (const rest of made) secret(draft, `GENERATED_${rest}`, from, "generate")
  // As names that compose leaves open, so that what stands around them is read as anywhere else.
  const named = value.replace(magicValue, (_, rest: string) => `\${GENERATED_${rest}}`)
  const text = withoutBreak(interpolated(named, scope, from), from)
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
