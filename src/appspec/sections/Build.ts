/** `build`: what the build of a repository or a Dockerfile is given. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Check } from "../Decode.ts"
import { list, map, patterned, scalar, section } from "../Form.ts"
import { nameForm, variablePattern } from "../Limits.ts"
import { nearest } from "../Nearest.ts"
import { keyName, quote } from "../Report.ts"
import type { Source } from "./Source.ts"

export interface BuildSettings {
  /** Names of variables and secrets that the build reads too. What a build reads can be read in its image. */
  readonly env: ReadonlyArray<string>
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
    )
  },
  {
    description: "What the build of a repository or a Dockerfile is given",
    later: ["command", "install", "target"],
    elsewhere: {
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
  return { env }
}
