/** `build`: what the build of a repository or a Dockerfile is given. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Check } from "../Decode.ts"
import { flag, list, map, matching, optional, patterned, scalar, section, text } from "../Form.ts"
import { repositoryPath } from "../GitReference.ts"
import { nameForm, variablePattern } from "../Limits.ts"
import { nearest } from "../Nearest.ts"
import { keyName, quote } from "../Report.ts"
import { buildCommand, type Command } from "../ShellCommand.ts"
import { commandBlock, complainOf, takesCommands } from "./Command.ts"
import type { Source } from "./Source.ts"

export interface BuildSettings {
  /** Names of variables and secrets that the build reads too. What a build reads can be read in its image. */
  readonly env: ReadonlyArray<string>
  /** Of nixpacks and railpack, in place of those that they find out. */
  readonly command?: Command
  readonly install?: Command
  /** Stage of the Dockerfile that is built. */
  readonly target?: string
  /** Folder of what nixpacks built, absolute, that a web server serves. */
  readonly publish?: string
  /** Whether that server answers with `index.html` at what is no file. */
  readonly spa?: boolean
}

const noName = () => ({
  message: "`build.env` lists names of variables",
  hint: "the value stands under `env`, or is that of a secret"
})

/** Whether the name is one of the spec's is a rule across keys. */
const name = scalar({
  to: Schema.String,
  json: { type: "string", ...patterned(variablePattern, nameForm) },
  read: (given) => (typeof given === "string" ? Either.right(given) : Either.left(noName)),
  write: (value) => value,
  other: noName
})

export const Build = map(
  {
    env: section(
      list(name, {
        description:
          "Names of variables and secrets that the build of a repository or a Dockerfile reads too; they can be read in the image (`docker history`)",
        hint: "one name per line, each behind a `-`"
      })
    ),
    command: optional(
      commandBlock("What builds the application, in place of what nixpacks or railpack find out", [
        "npm run build"
      ])
    ),
    install: optional(
      commandBlock("What installs its dependencies, in place of what nixpacks or railpack find out", [
        "npm ci"
      ])
    ),
    target: optional(
      matching(
        {
          description: "Stage of the Dockerfile that is built",
          absent: "the last one",
          examples: ["production"],
          pattern: /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$/,
          numeral: true
        },
        { message: "this names no stage of a Dockerfile", hint: "letters, digits, `.`, `_` and `-`" }
      )
    ),
    publish: optional(
      text(
        {
          description:
            "Folder of what nixpacks built, below `source.baseDirectory`: Coolify serves its files with nginx, at port 80",
          examples: ["dist"],
          pattern: /^(?!(?:.*\/)?\.\.(?:\/|$))[A-Za-z0-9._/~@+-]{1,257}$/,
          numeral: true
        },
        repositoryPath
      )
    ),
    spa: optional(
      flag({
        description:
          "With `publish` or `buildPack: static`: whether `index.html` answers at every path that is no file, as single-page applications need"
      })
    )
  },
  {
    description: "What the build of a repository or a Dockerfile is given",
    elsewhere: {
      baseDirectory: "write it under `source`",
      builder: "write `buildPack` under `source`",
      buildCommand: "did you mean `command`?",
      buildPack: "write it under `source`",
      context: "write `baseDirectory` under `source`",
      directory: "write `baseDirectory` under `source`",
      dockerfile: "the path of a Dockerfile in a repository stands under `source`: `source.dockerfile`",
      installCommand: "did you mean `install`?",
      preDeployCommand: "write `release` beside `build`",
      rootDir: "write `baseDirectory` under `source`",
      dist: "did you mean `publish`?",
      publishDirectory: "did you mean `publish`?",
      publish_directory: "did you mean `publish`?",
      stage: "did you mean `target`?",
      static: "name the folder that is served under `publish`",
      args: "name the variables that the build may read under `build.env`",
      secrets: "name the variables that the build may read under `build.env`"
    }
  }
)

/** @param names the spec's variables and secrets: what is not among them cannot be given. */
export const buildIn = (
  given: typeof Build.Type | undefined,
  source: Source | undefined,
  names: ReadonlyArray<string>,
  check: Check
): BuildSettings => {
  const env = given?.env ?? []
  for (const [index, name] of env.entries()) {
    const field = check.at("build", "env", index)
    if (field === undefined) continue
    if (!names.includes(name)) {
      const near = nearest(name, names)
      check.complain(field, {
        message: `no variable or secret is named ${quote(keyName(name))}`,
        hint: near === undefined ? "name it under `env` or `secrets` too" : `did you mean \`${near}\`?`
      })
    } else if (env.indexOf(name) < index) {
      check.complain(field, { message: `duplicate name \`${name}\``, hint: "remove one" })
    }
  }
  const field = check.at("build", "env")
  if (source?._tag === "Image" && env.length > 0 && field !== undefined) {
    check.complain(field, {
      at: field.keyAt,
      message: "an image is not built here, so no build reads variables",
      hint: "remove `build.env`, or deploy from a repository or a Dockerfile"
    })
  }
  const { command, install } = given ?? {}
  for (const [key, value] of [
    ["command", command],
    ["install", install]
  ] as const) {
    const place = check.at("build", key)
    if (value === undefined || place === undefined || source === undefined) continue
    if (takesCommands(source)) complainOf(place, buildCommand(value), check)
    else {
      check.complain(place, {
        at: place.keyAt,
        message: `only nixpacks and railpack run \`build.${key}\``,
        hint: "remove it: an image is built already, and a Dockerfile says itself how"
      })
    }
  }
  const stage = check.at("build", "target")
  const hasStages =
    source?._tag === "Dockerfile" || (source?._tag === "Git" && source.buildPack === "dockerfile")
  if (source !== undefined && !hasStages && stage !== undefined) {
    check.complain(stage, {
      at: stage.keyAt,
      message: "only a Dockerfile has stages to build",
      hint: "remove `build.target`, or write `buildPack: dockerfile` under `source`"
    })
  }
  checkServed(given, source, check)
  return { env, ...optionals(given) }
}

/** Whether Coolify serves the files of a spec itself, with nginx. */
export const servesFiles = (
  build: Pick<BuildSettings, "publish"> | undefined,
  source: Source | undefined
): boolean => build?.publish !== undefined || (source?._tag === "Git" && source.buildPack === "static")

const checkServed = (
  given: typeof Build.Type | undefined,
  source: Source | undefined,
  check: Check
): void => {
  const [publish, spa] = [check.at("build", "publish"), check.at("build", "spa")]
  if (source === undefined) return
  if (publish !== undefined && !(source._tag === "Git" && source.buildPack === "nixpacks")) {
    check.complain(publish, {
      at: publish.keyAt,
      message: "only what nixpacks built has a folder to serve",
      hint:
        source._tag === "Git" && source.buildPack === "static"
          ? "`buildPack: static` serves `source.baseDirectory` as it is in the repository"
          : "remove `build.publish`, or write `buildPack: nixpacks` under `source`"
    })
  }
  if (spa !== undefined && !servesFiles(given, source)) {
    check.complain(spa, {
      at: spa.keyAt,
      message: "Coolify serves no files of this application, so it cannot answer with `index.html`",
      hint: "name the folder under `build.publish`, or write `buildPack: static` under `source`"
    })
  }
  if (given?.publish === undefined) return
  for (const key of ["command", "release"]) {
    const field = check.at(key)
    if (field === undefined) continue
    check.complain(field, {
      at: field.keyAt,
      message: `with \`build.publish\` nginx serves the files, and no \`${key}\` is run`,
      hint: `remove \`${key}\`: what makes the files is \`build.command\``
    })
  }
  const port = check.at("port")
  const isOther = port?.node._tag === "Scalar" && String(port.node.value) !== "80"
  if (port !== undefined && isOther) {
    check.complain(port, {
      message: "with `build.publish` nginx listens on port 80",
      hint: "write 80, or remove it"
    })
  }
}

const optionals = ({ command, install, publish, spa, target }: Omit<BuildSettings, "env"> = {}) => ({
  ...(command === undefined ? {} : { command }),
  ...(install === undefined ? {} : { install }),
  ...(target === undefined ? {} : { target }),
  ...(publish === undefined ? {} : { publish }),
  ...(spa === undefined ? {} : { spa })
})

/** Nothing where there is nothing to say. */
export const buildOut = ({ env, ...rest }: BuildSettings): { readonly build?: typeof Build.Type } => {
  const said = { ...(env.length === 0 ? {} : { env }), ...optionals(rest) }
  return Object.keys(said).length === 0 ? {} : { build: said }
}
