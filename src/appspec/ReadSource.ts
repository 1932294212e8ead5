import * as Either from "effect/Either"
import {
  type Field,
  type Fields,
  later,
  onlyOne,
  readChecked,
  readChoice,
  readMap,
  type Shape
} from "./Fields.ts"
import { gitBranch, gitCommit, repositoryPath } from "./GitReference.ts"
import { gitRepository } from "./GitRepository.ts"
import { imageReference } from "./ImageReference.ts"
import { buildPacks } from "./Limits.ts"
import type { Complaint, Report } from "./Report.ts"
import type { DockerfileSource, GitSource, ImageSource, Source } from "./Spec.ts"

const shape: Shape = {
  keys: ["image", "git", "branch", "commit", "buildPack", "baseDirectory", "dockerfile"],
  aliases: new Map([
    ["type", "type"],
    ["repository", "repository"],
    ["repo", "repository"],
    ["ref", "ref"]
  ]),
  later: ["compose"],
  elsewhere: new Map([["tag", "write it behind the image: `image: nginx:1.27`"]])
}

const forms = "one of `image: nginx:1.27`, `git: https://...` and `dockerfile: |`"

const dockerfileText = (text: string): Either.Either<DockerfileSource, Complaint> =>
  /^[ \t]*FROM[ \t]+\S/im.test(text)
    ? Either.right({ _tag: "Dockerfile", text })
    : Either.left({
        message: "a Dockerfile has a FROM line",
        hint: text.includes("\n")
          ? "it starts with one, e.g. FROM nginx:1.27"
          : "give the text itself: `dockerfile: |` and the indented lines below"
      })

/** Keys that have a meaning for another kind of source only. */
const refuseOthers = (report: Report, fields: Fields, kind: string, keys: ReadonlyArray<string>): void => {
  for (const key of keys) {
    const field = fields.get(key)
    if (field !== undefined) {
      report.add(field.keyAt, field.path, {
        message: `\`${field.path}\` has no meaning for ${kind}`,
        hint: `give ${forms}`
      })
    }
  }
}

const gitOnly = ["branch", "commit", "buildPack", "baseDirectory"]

const readImage = (report: Report, fields: Fields, image: Field): ImageSource | undefined => {
  refuseOthers(report, fields, "an image", [...gitOnly, "git", "dockerfile"])
  const reference = readChecked(report, image, imageReference)
  const ref = fields.get("ref")
  if (reference === undefined || ref === undefined) return reference
  if (reference.tag !== "latest") {
    const hint = `the tag stands behind the image in \`${image.path}\``
    return report.add(ref.keyAt, ref.path, { message: "the tag is given twice", hint })
  }
  return readChecked(report, ref, (tag) =>
    imageReference(`${reference.name}${tag.startsWith("sha256:") ? "@" : ":"}${tag}`)
  )
}

const readGit = (
  report: Report,
  fields: Fields,
  git: Field,
  packByType: GitSource["buildPack"] | undefined
) => {
  refuseOthers(report, fields, "a repository", ["image"])
  const optional = <A>(key: string, read: (field: Field) => A | undefined, absent: A): A | undefined => {
    const field = fields.get(key)
    return field === undefined ? absent : read(field)
  }
  const path = (field: Field) => readChecked(report, field, repositoryPath)
  const branchField = onlyOne(report, fields.get("branch"), fields.get("ref"))
  const dockerfileField = fields.get("dockerfile")
  const repository = readChecked(report, git, gitRepository)
  const branch = branchField === undefined ? "main" : readChecked(report, branchField, gitBranch)
  const commit = optional("commit", (field) => readChecked(report, field, gitCommit), "HEAD")
  const packDefault = packByType ?? (dockerfileField === undefined ? "nixpacks" : "dockerfile")
  const buildPack = optional("buildPack", (field) => readChoice(report, field, buildPacks), packDefault)
  const baseDirectory = optional("baseDirectory", path, "/")
  const dockerfile = optional("dockerfile", path, "/Dockerfile")
  if (dockerfileField !== undefined && buildPack !== undefined && buildPack !== "dockerfile") {
    const hint = "write `buildPack: dockerfile`, or remove the path"
    report.add(dockerfileField.keyAt, dockerfileField.path, {
      message: `\`${buildPack}\` uses no Dockerfile`,
      hint
    })
  }
  return repository === undefined ||
    branch === undefined ||
    commit === undefined ||
    buildPack === undefined ||
    baseDirectory === undefined ||
    dockerfile === undefined
    ? undefined
    : ({ _tag: "Git", repository, branch, commit, buildPack, baseDirectory, dockerfile } satisfies GitSource)
}

const readDockerfile = (report: Report, fields: Fields, dockerfile: Field): DockerfileSource | undefined => {
  refuseOthers(report, fields, "an inline Dockerfile", [...gitOnly, "ref"])
  return readChecked(report, dockerfile, dockerfileText)
}

/**
 * The source a spec names. `undefined` with nothing reported: it asks for the template's own starter
 * (an empty `source`, or `type: template` of the older form).
 */
export const readSource = (report: Report, field: Field): Source | undefined => {
  const { node, path } = field
  if (node._tag === "Scalar") {
    return node.text === "compose"
      ? later(report, node.at, `${path}: compose`)
      : report.add(node.at, path, { message: "`source` is a map", hint: `give ${forms}` })
  }
  const fields = readMap(report, field, shape, `give ${forms}`)
  if (fields === undefined || fields.size === 0) return undefined
  const typeField = fields.get("type")
  const repository = fields.get("repository")
  const image = fields.get("image")
  const git = fields.get("git")
  const dockerfile = fields.get("dockerfile")
  if (typeField === undefined) {
    const repo = onlyOne(report, git, repository)
    if (image !== undefined) return readImage(report, fields, image)
    if (repo !== undefined) return readGit(report, fields, repo, undefined)
    if (dockerfile !== undefined) return readDockerfile(report, fields, dockerfile)
    return report.add(field.keyAt, path, {
      message: "`source` does not say what to deploy",
      hint: `give ${forms}`
    })
  }
  if (typeField.node._tag === "Scalar" && typeField.node.text === "compose") {
    return later(report, typeField.node.at, `${typeField.path}: compose`)
  }
  const type = readChoice(report, typeField, ["image", "git", "dockerfile", "template"])
  const missing = (key: string) =>
    report.add(typeField.keyAt, path, {
      message: `\`${path}.${key}\` is missing`,
      hint: `\`type: ${type}\` needs it`
    })
  switch (type) {
    case "image": {
      const name = onlyOne(report, image, repository)
      return name === undefined ? missing("image") : readImage(report, fields, name)
    }
    case "git": {
      const repo = onlyOne(report, git, repository)
      return repo === undefined ? missing("repository") : readGit(report, fields, repo, undefined)
    }
    case "dockerfile": {
      const repo = onlyOne(report, git, repository)
      if (repo !== undefined) return readGit(report, fields, repo, "dockerfile")
      return dockerfile === undefined ? missing("dockerfile") : readDockerfile(report, fields, dockerfile)
    }
    case "template":
      refuseOthers(report, fields, "a template", [
        "image",
        "git",
        "repository",
        "ref",
        "dockerfile",
        ...gitOnly
      ])
      return undefined
    default:
      return undefined
  }
}
