/** `volumes`: what the application keeps from one release to the next. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Check } from "../Decode.ts"
import { choice, flag, list, map, oneOf, optional, parsed, type Rule, text } from "../Form.ts"
import { type Complaint, quote } from "../Report.ts"

/** A named volume of Docker's, or a directory of the server, mounted at a path of the container. */
export interface Volume {
  /** Of the volume; of a directory its absolute path on the server. */
  readonly name: string
  /** Absolute, without a final slash. */
  readonly path: string
  /** The container cannot write to it. */
  readonly readOnly?: true
}

export const isOfServer = ({ name }: Pick<Volume, "name">): boolean => name.startsWith("/")

/** Where it is mounted, in Coolify's form: options stand behind a colon. */
export const mountPathOf = ({ path, readOnly }: Volume): string => (readOnly === true ? `${path}:ro` : path)

/** What Docker takes as a name, of what Coolify takes. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/
/** What Coolify takes as a path in a container, of what no shell reads otherwise; no segment is `.` or `..`. */
export const containerPath = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.@+-]+)+$/
const longest = 128

const form = "e.g. `volumes: [data:/var/lib/app, /srv/media:/media:ro]`"

const complaint = (message: string, hint = form): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

const source: Rule<string> = (name) => {
  if (/^[.~]/.test(name)) {
    return complaint(
      `${quote(name)} is not known to the server`,
      "write the absolute path of a directory of the server, or a name: e.g. `data:/var/lib/app`"
    )
  }
  if (name === "/" || containerPath.test(name)) return Either.right(name)
  if (name.startsWith("/")) {
    return complaint(
      `${quote(name)} cannot name a directory of the server`,
      "an absolute path without spaces, `.` and `..`, and without a slash at its end"
    )
  }
  return namePattern.test(name) && name.length <= longest
    ? Either.right(name)
    : complaint(
        `${quote(name)} cannot name a volume`,
        `letters, digits, \`_\`, \`.\` and \`-\`, at most ${longest}`
      )
}

const target: Rule<string> = (path) =>
  containerPath.test(path)
    ? Either.right(path)
    : complaint(
        `${quote(path)} is no path that a volume can be mounted at`,
        "an absolute path of the container, without spaces"
      )

/** As compose writes it: `data:/var/lib/app`, `/srv/media:/media:ro`. */
export const volumeIn: Rule<Volume> = (text) =>
  Either.gen(function* () {
    const [given = "", at, ...options] = text.split(":")
    if (at === undefined) return yield* complaint(`${quote(text)} is no volume: a name, a colon and a path`)
    const other = options.flatMap((option) => option.split(",")).find((one) => !["ro", "rw"].includes(one))
    if (other !== undefined || options.length > 1) {
      return yield* complaint(
        `Coolify hands on no other option than \`ro\`, as in ${quote(text)}`,
        "take it away, or write `:ro` for what the container is not to write to"
      )
    }
    const [name, path] = [yield* source(given), yield* target(at)]
    return { name, path, ...(options[0]?.includes("ro") === true ? { readOnly: true as const } : {}) }
  })

const short = parsed(
  {
    description:
      "The name of a volume or the absolute path of a directory of the server, a colon, the path in the container, and `:ro` where it is only read",
    examples: ["data:/var/lib/app", "/srv/media:/media:ro"],
    pattern:
      /^(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,127}|\/|(?:\/(?!\.{1,2}(?:[/:]|$))[A-Za-z0-9_.@+-]+)+):(?:\/(?!\.{1,2}(?:[/:]|$))[A-Za-z0-9_.@+-]+)+(?::r[ow])?$/
  },
  Schema.Struct({
    name: Schema.String,
    path: Schema.String,
    readOnly: Schema.optionalWith(Schema.Literal(true), { exact: true })
  }),
  volumeIn,
  (volume) => `${volume.name}:${mountPathOf(volume)}`
)

const long = map(
  {
    type: optional(
      choice(["volume", "bind"], { description: "A volume of Docker's, or a directory of the server" })
    ),
    source: text(
      {
        description: "The volume's name, or the directory's absolute path",
        pattern: /^(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,127}|\/|(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.@+-]+)+)$/
      },
      source
    ),
    target: text({ description: "The path in the container", pattern: containerPath }, target),
    read_only: optional(flag({ description: "Whether the container cannot write to it" }))
  },
  {
    description: "The long form, as compose has it",
    missing: ({ path }) => ({ message: `\`${path}\` needs both \`source\` and \`target\``, hint: form }),
    elsewhere: {
      readOnly: "did you mean `read_only`?",
      readonly: "did you mean `read_only`?",
      name: "did you mean `source`?",
      path: "did you mean `target`?"
    }
  }
)

const Mounted = Schema.Struct({
  name: Schema.String,
  path: Schema.String,
  readOnly: Schema.optionalWith(Schema.Literal(true), { exact: true }),
  /** What the long form says that it is. */
  type: Schema.optionalWith(Schema.Literal("volume", "bind"), { exact: true })
})

const volume = Schema.transform(
  oneOf([short, long], ({ node }) => (node._tag === "Map" ? 1 : 0), {
    description: "`NAME:PATH`, `/DIRECTORY:PATH`, or compose's long form"
  }),
  Mounted,
  {
    strict: true,
    decode: (given) =>
      "target" in given
        ? {
            name: given.source,
            path: given.target,
            ...(given.read_only === true ? { readOnly: true as const } : {}),
            ...(given.type === undefined ? {} : { type: given.type })
          }
        : given,
    encode: ({ type: _, ...given }) => given
  }
)

export const Volumes = list(volume, {
  description:
    "What the application keeps, and outlives its containers: volumes of Docker's, and directories of the server. What they hold is never deleted without `destroy --delete-volumes`, what the server's directories hold never",
  hint: "one volume per line, each behind a `-`: `- data:/var/lib/app`"
})

export const volumesIn = (given: typeof Volumes.Type = [], check: Check): ReadonlyArray<Volume> => {
  for (const [index, { name, path, type }] of given.entries()) {
    const before = given.slice(0, index)
    const field = check.at("volumes", index)
    if (field === undefined) continue
    if (type !== undefined && (type === "bind") !== isOfServer({ name })) {
      check.complain(field, {
        message:
          type === "bind"
            ? `${quote(name)} is the name of a volume, and \`type: bind\` takes a directory of the server`
            : `${quote(name)} is a directory of the server, and not the name of a volume`,
        hint: "take `type` away: the source tells"
      })
    }
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
  return given.map(({ type: _, ...one }) => one)
}
