import { type Field, readList, readMap, type Shape } from "./Fields.ts"
import { nearest } from "./Nearest.ts"
import { keyName, quote, type Report } from "./Report.ts"
import type { BuildSettings, Source } from "./Spec.ts"

const shape: Shape = {
  keys: ["env"],
  later: ["command", "install", "target"],
  elsewhere: new Map([
    ["args", "name the variables that the build may read under `build.env`"],
    ["secrets", "name the variables that the build may read under `build.env`"]
  ])
}

/**
 * What the build is given. `names` are the spec's variables and secrets: what is not among them cannot be given.
 */
export const readBuild = (
  report: Report,
  field: Field | undefined,
  source: Source | undefined,
  names: ReadonlyArray<string>
): BuildSettings => {
  const env = field === undefined ? undefined : readMap(report, field, shape)?.get("env")
  if (env === undefined) return { env: [] }
  const found: Array<string> = []
  for (const { node, path } of readList(report, env, "one name per line, each behind a `-`") ?? []) {
    if (node._tag !== "Scalar" || typeof node.value !== "string") {
      report.add(node.at, path, {
        message: "`build.env` lists names of variables",
        hint: "the value stands under `env`, or is that of a secret"
      })
    } else if (!names.includes(node.text)) {
      const near = nearest(node.text, names)
      report.add(node.at, path, {
        message: `no variable or secret is named ${quote(keyName(node.text))}`,
        hint: near === undefined ? "name it under `env` or `secrets` too" : `did you mean \`${near}\`?`
      })
    } else if (found.includes(node.text)) {
      report.add(node.at, path, { message: `duplicate name \`${node.text}\``, hint: "remove one" })
    } else found.push(node.text)
  }
  if (source?._tag === "Image" && found.length > 0) {
    report.add(env.keyAt, env.path, {
      message: "an image is not built here, so no build reads variables",
      hint: "remove `build.env`, or deploy from a repository or a Dockerfile"
    })
  }
  return { env: found }
}
