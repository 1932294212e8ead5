/** `name`, `domain`, `domains`, `template`, `port`: what the application is called, and where it answers. */
import * as Either from "effect/Either"
import type { Check } from "../Decode.ts"
import { asciiSite } from "../Domain.ts"
import { choice, integer, list, matching, text } from "../Form.ts"
import { namePattern, portOf, ranges } from "../Limits.ts"
import { nearest } from "../Nearest.ts"
import { quote } from "../Report.ts"
import type { Template } from "../templates/Template.ts"
import { templates } from "../templates/Templates.ts"

export const Name = matching(
  {
    description: "Name of the application: a DNS label",
    examples: ["test-api"],
    pattern: namePattern,
    numeral: true
  },
  {
    message: "`name` must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
    hint: "e.g. test-api"
  }
)

const sitePattern = /^[^\s/\\?#@:*_]+(?:\/[A-Za-z0-9._~-]+)*$/
export const hostPattern = /^[^\s/\\?#@:*_]+$/

export const Domain = text(
  {
    description:
      "Public host name, without scheme and port; with a path behind it only what is below that. `none` for what answers nowhere: a worker, an internal service",
    examples: ["app.example.com", "example.com/api", "none"],
    pattern: sitePattern
  },
  (given) => (given === "none" ? Either.right(given) : asciiSite(given))
)

export const Domains = list(
  text(
    {
      description: "Public host name, without scheme and port, perhaps with a path",
      examples: ["app.example.com", "example.com/api"],
      pattern: sitePattern
    },
    asciiSite
  ),
  {
    description:
      "In the place of `domain`: all public host names, the main one first. Each host has its own record, and each is verified",
    hint: "one name per line, each behind a `-`: `- app.example.com`"
  }
)

export const Redirect = choice(["www", "apex"], {
  description:
    "Which of `www.NAME` and `NAME` is the main one: the other one is served too, and redirects there",
  absent: "each name answers"
})
export type Redirect = typeof Redirect.Type

const bare = (host: string): string => host.replace(/^www\./, "")

/** The name that visitors of `host` are sent to; `undefined`: it answers itself. */
export const redirectOf = (host: string, redirect: Redirect | undefined): string | undefined => {
  const main = redirect === undefined ? host : redirect === "www" ? `www.${bare(host)}` : bare(host)
  return main === host ? undefined : main
}

/** All names of a spec: each has the one beside it that is redirected. */
export const withRedirected = (
  domains: ReadonlyArray<string> | undefined,
  redirect: Redirect | undefined,
  check: Check
): ReadonlyArray<string> | undefined => {
  const field = check.at("redirect")
  if (redirect === undefined || domains === undefined || field === undefined) return domains
  if (domains.length === 0) {
    return check.complain(field, {
      at: field.keyAt,
      message: "`redirect` is about two domains, and there is none",
      hint: "remove it"
    })
  }
  const both = (host: string) => [`www.${bare(host)}`, bare(host)]
  const all = domains.flatMap((host) => (redirect === "www" ? both(host) : both(host).toReversed()))
  const bad = all.find((host) => Either.isLeft(asciiSite(host)))
  if (bad !== undefined) {
    check.complain(field, { message: `${quote(bad)} is no public domain`, hint: "remove `redirect`" })
  }
  return [...new Set(all)]
}

/** The names it answers at: empty if it is said that there is none. `undefined`: it is not said, or not right. */
export const domainsIn = (
  domain: string | undefined,
  domains: ReadonlyArray<string> | undefined,
  check: Check
): ReadonlyArray<string> | undefined => {
  const [one, all] = [check.isWritten("domain"), check.isWritten("domains")]
  if (!one && !all) {
    return check.missing("domain", {
      message: "`domain` is missing",
      hint: "e.g. `domain: app.example.com`, or `domain: none` for a worker that answers nowhere"
    })
  }
  const field = check.at("domains")
  if (one && all && field !== undefined) {
    check.complain(field, {
      at: field.keyAt,
      message: "`domain` and `domains` exclude each other",
      hint: "write all names under `domains`, the main one first"
    })
  }
  for (const [index, name] of (domains ?? []).entries()) {
    const item = check.at("domains", index)
    if (item !== undefined && domains?.indexOf(name) !== index) {
      check.complain(item, { message: `${quote(name)} stands there twice`, hint: "keep one of them" })
    }
  }
  if (all) return domains
  return domain === undefined ? undefined : domain === "none" ? [] : [domain]
}

/** As {@link domainsIn} reads them. */
export const domainsOut = (
  domains: ReadonlyArray<string>,
  redirect?: Redirect
): { readonly domain: string } | { readonly domains: ReadonlyArray<string> } => {
  const said = domains.filter((host) => {
    const main = redirectOf(host, redirect)
    return main === undefined || !domains.includes(main)
  })
  const [first = "none", ...more] = said
  return more.length === 0 ? { domain: first } : { domains: said }
}

const [firstTemplate, ...otherTemplates] = templates

export const TemplateName = choice(
  [firstTemplate.name, ...otherTemplates.map(({ name }) => name)],
  { description: "Defaults to start from, and the starter that is deployed without a `source`" },
  (name) => {
    const names = templates.map((template) => template.name)
    const near = nearest(name, names)
    return {
      message: `unknown template ${quote(name)}`,
      hint:
        near === undefined
          ? `templates: ${names.join(", ")}`
          : `did you mean \`${near}\`? (templates: ${names.join(", ")})`
    }
  }
)

export const Port = integer(ranges.port, {
  description: "Port the application listens on inside its container",
  absent: "`env.PORT`, else the template's, 80 where Coolify serves files; not needed without a domain",
  examples: [8000]
})

/**
 * The port: the given one, that of `env.PORT` or the template's. A starter listens on `env.PORT`, so both must agree.
 * @param isNeeded not of what answers nowhere.
 */
export const portIn = (
  given: number | undefined,
  variable: string | undefined,
  template: Template | undefined,
  isStarter: boolean,
  isNeeded: boolean,
  check: Check
): number | undefined => {
  const byVariable = variable === undefined ? undefined : portOf(variable)
  const isFaulty = given === undefined && check.isWritten("port")
  const port = given ?? (isFaulty ? undefined : (byVariable ?? template?.port))
  const place = check.at("env", "PORT")
  if (isStarter && port !== undefined && place !== undefined && byVariable !== port) {
    return check.complain(place, {
      message: "`env.PORT` is not the port of the application",
      hint: `the starter listens on it: write ${port}, or remove it`
    })
  }
  if (port === undefined && isNeeded && !isFaulty && !check.isWritten("template")) {
    return check.missing("port", {
      message: "`port` is missing",
      hint: "the port the application listens on inside its container, e.g. `port: 8000`"
    })
  }
  return port
}
