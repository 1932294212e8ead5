/** `volumes`: what the application keeps from one release to the next. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Check } from "../Decode.ts"
import { list, parsed, type Rule } from "../Form.ts"
import { type Complaint, quote } from "../Report.ts"

/** A named volume of Docker's, mounted at a path of the container. */
export interface Volume {
  readonly name: string
  /** Absolute, without a final slash. */
  readonly path: string
}

/** What Docker takes as a name, of what Coolify takes. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/
/** What Coolify takes as a path in a container, of what no shell reads otherwise; no segment is `.` or `..`. */
export const containerPath = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.@+-]+)+$/
const longest = 128

const form = "e.g. `volumes: [data:/var/lib/app]`"

const complaint = (message: string, hint = form): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

const volume: Rule<Volume> = (text) => {
  const [name = "", path, ...options] = text.split(":")
  if (/^[/.~]/.test(name)) {
    return complaint(
      `\`volumes\` takes named volumes, and ${quote(text)} is a directory of the server`,
      "give it a name instead of the first path: e.g. `data:/var/lib/app`"
    )
  }
  if (path === undefined || options.length > 0) {
    return complaint(
      options.length > 0
        ? `Coolify knows no options of volumes, as in ${quote(text)}`
        : `${quote(text)} is no volume: a name, a colon and a path`
    )
  }
  if (!namePattern.test(name) || name.length > longest) {
    return complaint(
      `${quote(name)} cannot name a volume`,
      `letters, digits, \`_\`, \`.\` and \`-\`, at most ${longest}`
    )
  }
  if (!containerPath.test(path)) {
    return complaint(
      `${quote(path)} is no path that a volume can be mounted at`,
      "an absolute path of the container, without spaces"
    )
  }
  return Either.right({ name, path })
}

const writtenAs = ({ name, path }: Volume): string => `${name}:${path}`

export const Volumes = list(
  parsed(
    {
      description: "A name, a colon and the path in the container",
      examples: ["data:/var/lib/app"],
      pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}:(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.@+-]+)+$/
    },
    Schema.Struct({ name: Schema.String, path: Schema.String }),
    volume,
    writtenAs
  ),
  {
    description:
      "Volumes that outlive the containers. What they hold is never deleted without `destroy --delete-volumes`",
    hint: "one volume per line, each behind a `-`: `- data:/var/lib/app`"
  }
)

export const volumesIn = (given: ReadonlyArray<Volume> = [], check: Check): ReadonlyArray<Volume> => {
  for (const [index, { name, path }] of given.entries()) {
    const before = given.slice(0, index)
    const field = check.at("volumes", index)
    if (field === undefined) continue
    if (before.some((one) => one.name === name)) {
      check.complain(field, {
        message: `the volume ${quote(name)} is mounted twice`,
        hint: "keep one of them"
      })
    } else if (before.some((one) => one.path === path)) {
      check.complain(field, {
        message: `two volumes are mounted at ${quote(path)}`,
        hint: "give each a path of its own"
      })
    }
  }
  return given
}
