/** `name`, `domain`, `template`, `port`: what the application is called, and where it answers. */
import type { Check } from "../Decode.ts"
import { asciiDomain } from "../Domain.ts"
import { choice, integer, matching, text } from "../Form.ts"
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

export const Domain = text(
  {
    description: "Public host name, without scheme, port and path",
    examples: ["app.example.com"],
    pattern: /^[^\s/\\?#@:*_]+$/
  },
  asciiDomain
)

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
  absent: "`env.PORT`, else the template's",
  examples: [8000]
})

/** The port: the given one, that of `env.PORT` or the template's. A starter listens on `env.PORT`, so both must agree. */
export const portIn = (
  given: number | undefined,
  variable: string | undefined,
  template: Template | undefined,
  isStarter: boolean,
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
  if (port === undefined && !isFaulty && !check.isWritten("template")) {
    return check.missing("port", {
      message: "`port` is missing",
      hint: "the port the application listens on inside its container, e.g. `port: 8000`"
    })
  }
  return port
}
