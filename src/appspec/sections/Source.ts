/** `source`: where the application comes from. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { composePack, ImageSource, makeSource } from "../../coolify/Source.ts"
import type { Check } from "../Decode.ts"
import { choice, defaulted, map, oneOf, optional, parsed, text, unknownKey } from "../Form.ts"
import { gitBranch, gitCommit, repositoryPath } from "../GitReference.ts"
import { isSsh, otherAddress, repositoryAddress } from "../GitRepository.ts"
import { imageReference, imageText } from "../ImageReference.ts"
import { buildPacks } from "../Limits.ts"
import type { Complaint } from "../Report.ts"
import type { Starter } from "../templates/Template.ts"
import { templates } from "../templates/Templates.ts"
import type { Field } from "../YamlTree.ts"
import { composeIn } from "./Compose.ts"
import { type Beside, nameOrText } from "./Files.ts"

const forms = "one of `image: nginx:1.27`, `git: https://...`, `dockerfile: |` and `compose: ./compose.yaml`"
const keys = [
  "image",
  "git",
  "deployKey",
  "githubApp",
  "branch",
  "commit",
  "buildPack",
  "baseDirectory",
  "dockerfile",
  "compose"
]
const others = {
  elsewhere: {
    build_pack: "did you mean `buildPack`?",
    builder: "did you mean `buildPack`?",
    composeFile: "did you mean `compose`?",
    context: "did you mean `baseDirectory`?",
    dir: "did you mean `baseDirectory`?",
    docker_compose: "did you mean `compose`?",
    dockerCompose: "did you mean `compose`?",
    directory: "did you mean `baseDirectory`?",
    github_app: "did you mean `githubApp`?",
    key: "did you mean `deployKey`?",
    path: "did you mean `baseDirectory`?",
    root: "did you mean `baseDirectory`?",
    rootDir: "did you mean `baseDirectory`?",
    ref: "did you mean `branch`, or `commit`?",
    tag: "write it behind the image: `image: nginx:1.27`; of a repository write the full id of its commit under `commit` (`git rev-parse TAG^{commit}` tells it)"
  }
}
const unknown = unknownKey(keys, others)

/** Of a key that has a meaning for another kind of source only. */
const meaningless =
  (kind: string) =>
  (key: string, field: Field): Complaint =>
    keys.includes(key)
      ? { message: `\`${field.path}\` has no meaning for ${kind}`, hint: `give ${forms}` }
      : unknown(key, field)

const image = map(
  {
    image: parsed(
      {
        description: "A ready image with its tag or digest",
        examples: ["nginx:1.27", "ghcr.io/owner/app:v1"],
        pattern:
          /^(?=.{1,255}$)(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?\/)?[a-z0-9][a-z0-9._/-]*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})?$/,
        numeral: true
      },
      ImageSource,
      imageReference,
      imageText
    )
  },
  { description: "A ready image", key: meaningless("an image") }
)

const path = (description: string) =>
  text(
    { description, pattern: /^(?!(?:.*\/)?\.\.(?:\/|$))[A-Za-z0-9._/~@+-]{1,257}$/, numeral: true },
    repositoryPath
  )

const named = (description: string, examples: ReadonlyArray<string>) =>
  text({ description, examples, pattern: /^[^\s](?:.{0,253}[^\s])?$/, numeral: true }, (given) =>
    given.trim() === ""
      ? Either.left({ message: "this names nothing", hint: `e.g. ${examples[0]}` })
      : Either.right(given.trim())
  )

const git = map(
  {
    git: text(
      {
        description: "The https address of a repository; with a `deployKey` one over ssh",
        examples: ["https://github.com/owner/repository", "git@github.com:owner/repository.git"],
        pattern:
          /^(?:https:\/\/[^\s/?#@]+\/|git@[A-Za-z0-9][^\s/?#@:]*:|ssh:\/\/git@[A-Za-z0-9][^\s/?#@]*\/)[^\s?#]+$/
      },
      repositoryAddress
    ),
    deployKey: optional(
      named("Name or uuid of the private key in Coolify that reads a private repository", ["acme-deploy"])
    ),
    githubApp: optional(
      named("Name or uuid of the GitHub App in Coolify that reads a private repository", ["acme-github"])
    ),
    branch: defaulted(
      text(
        {
          description: "Branch of the repository",
          pattern:
            /^(?!HEAD$)(?!refs\/)(?!.*(?:\.\.|\/\/|\/\.|[/.]$|\.lock$))[A-Za-z0-9_][A-Za-z0-9_./-]{0,254}$/,
          numeral: true
        },
        gitBranch
      ),
      "main"
    ),
    commit: defaulted(
      text(
        {
          description: "A full commit id, or HEAD for the newest of the branch",
          pattern: /^(?:HEAD|[0-9A-Fa-f]{40}(?:[0-9A-Fa-f]{24})?)$/,
          numeral: true
        },
        gitCommit
      ),
      "HEAD"
    ),
    buildPack: optional(
      choice(buildPacks, {
        description: "How Coolify builds it",
        absent: "`dockerfile` where one is named, else `nixpacks`"
      })
    ),
    baseDirectory: defaulted(path("Folder of the repository to build in"), "/"),
    dockerfile: optional(
      path("Path of the Dockerfile in the repository, for `buildPack: dockerfile`; default: `/Dockerfile`")
    ),
    compose: optional(
      path("Path of a compose file in the repository, below `baseDirectory`: all of its containers run")
    )
  },
  {
    description: "A repository that Coolify builds",
    key: meaningless("a repository"),
    never: [
      { dockerfile: {}, buildPack: { not: { const: "dockerfile" } } },
      { compose: {}, buildPack: {} },
      { compose: {}, dockerfile: {} },
      { deployKey: {}, githubApp: {} },
      { git: { pattern: "^https:" }, deployKey: {} },
      { git: { pattern: "^(?:git@|ssh:)" }, githubApp: {} }
    ]
  }
)

const dockerfile = map(
  {
    dockerfile: text(
      {
        description: "The text of a Dockerfile, built without a repository",
        examples: ["FROM nginx:1.27\n"],
        pattern: /(?:^|\n)[ \t]*[Ff][Rr][Oo][Mm][ \t]+\S/
      },
      (text) =>
        /^[ \t]*FROM[ \t]+\S/im.test(text)
          ? Either.right(text)
          : Either.left({
              message: "a Dockerfile has a FROM line",
              hint: text.includes("\n")
                ? "it starts with one, e.g. FROM nginx:1.27"
                : "give the text itself: `dockerfile: |` and the indented lines below"
            })
    )
  },
  { description: "The text of a Dockerfile", key: meaningless("an inline Dockerfile") }
)

const compose = map(
  {
    compose: nameOrText(
      "A compose file at or below the spec's folder; a text of several lines is the file itself",
      "./docker-compose.yml"
    )
  },
  {
    description: "A compose file: all of its containers, as Coolify's service",
    key: meaningless("a compose file")
  }
)

const members = oneOf(
  [image, git, dockerfile, compose],
  (field) => {
    const { node, path } = field
    if (node._tag === "Scalar") return { message: "`source` is a map", hint: `give ${forms}` }
    if (node._tag !== "Map")
      return { message: `\`${path}\` must be a map, not a list`, hint: `give ${forms}` }
    const kind = ["image", "git", "dockerfile", "compose"].findIndex((key) =>
      node.entries.some((entry) => entry.key === key)
    )
    if (kind !== -1) return kind
    const foreign = node.entries.find((entry) => !keys.includes(entry.key))
    return foreign === undefined
      ? { at: field.keyAt, message: "`source` does not say what to deploy", hint: `give ${forms}` }
      : { ...unknown(foreign.key, foreign), at: foreign.keyAt, path: foreign.path }
  },
  { description: "Where the application comes from. Default: the template's starter" }
)

const Pack = Schema.Literal(...buildPacks, composePack)

const packOf = ({ buildPack, compose, dockerfile }: (typeof git)["Type"]): typeof Pack.Type => {
  if (compose !== undefined) return composePack
  return buildPack ?? (dockerfile === undefined ? "nixpacks" : "dockerfile")
}

export const Source = Schema.transform(members, makeSource(Pack, Schema.String), {
  strict: true,
  decode: (given) => {
    if ("image" in given) return given.image
    if ("compose" in given && !("git" in given)) {
      return given.compose.includes("\n")
        ? { _tag: "Compose" as const, text: given.compose }
        : { _tag: "Compose" as const, text: "", from: given.compose }
    }
    if (!("git" in given)) return { _tag: "Dockerfile" as const, text: given.dockerfile }
    const { deployKey, git, githubApp, ...rest } = given
    const access =
      deployKey === undefined
        ? githubApp === undefined
          ? undefined
          : { kind: "githubApp" as const, name: githubApp }
        : { kind: "deployKey" as const, name: deployKey }
    return {
      _tag: "Git" as const,
      repository: git,
      ...rest,
      ...(access === undefined ? {} : { access }),
      buildPack: packOf(given),
      dockerfile: rest.dockerfile ?? "/Dockerfile"
    }
  },
  encode: (source) => {
    switch (source._tag) {
      case "Image":
        return { image: source }
      case "Dockerfile":
        return { dockerfile: source.text }
      case "Compose":
        return { compose: source.from ?? source.text }
      case "Git": {
        const { _tag, access, buildPack, repository, dockerfile, ...rest } = source
        return {
          git: repository,
          ...(access?.name === undefined ? {} : { [access.kind]: access.name }),
          ...rest,
          ...(buildPack === composePack ? {} : { buildPack }),
          ...(buildPack === "dockerfile" ? { dockerfile } : {})
        }
      }
    }
  }
})

export type Source = typeof Source.Type

/** The given source; without one the template's starter. */
export const sourceIn = (
  given: Source | undefined,
  starter: Starter | undefined,
  name: string | undefined,
  beside: Beside | undefined,
  check: Check
): Source | undefined => {
  const path = check.at("source", "dockerfile")
  if (given?._tag === "Git" && given.compose !== undefined) checkOnlyCompose(check)
  else if (given?._tag === "Git" && given.buildPack !== "dockerfile" && path !== undefined) {
    check.complain(path, {
      at: path.keyAt,
      message: `\`${given.buildPack}\` uses no Dockerfile`,
      hint: "write `buildPack: dockerfile`, or remove the path"
    })
  }
  if (given?._tag === "Git") checkAccess(given.repository, check)
  if (given?._tag === "Compose") return composeIn(given, beside, check)
  if (given !== undefined) return given
  if (starter !== undefined) {
    return name === undefined ? undefined : { _tag: "Dockerfile", text: starter.dockerfile(name) }
  }
  if (check.isWritten("template") || check.isFaulty("source")) return undefined
  return check.missing("source", {
    message: "nothing to deploy: `source` and `template` are both missing",
    hint: `give \`source: { image: nginx:1.27 }\`, or a template: ${templates.map(({ name }) => name).join(", ")}`
  })
}

const checkOnlyCompose = (check: Check): void => {
  for (const key of ["buildPack", "dockerfile"]) {
    const field = check.at("source", key)
    if (field === undefined) continue
    check.complain(field, {
      at: field.keyAt,
      message: `\`source.${key}\` has no meaning for a compose file`,
      hint: "the compose file says under `build` how each container is built"
    })
  }
}

/** A deploy key reads over ssh, and a GitHub App over https. */
const checkAccess = (repository: string, check: Check): void => {
  const [address, key, app] = ["git", "deployKey", "githubApp"].map((name) => check.at("source", name))
  if (key !== undefined && app !== undefined) {
    return check.complain(app, {
      at: app.keyAt,
      message: "`source.deployKey` and `source.githubApp` exclude each other",
      hint: "keep the one that may read the repository"
    })
  }
  if (address === undefined) return
  if (isSsh(repository) && app !== undefined) {
    check.complain(address, {
      message: "a GitHub App reads a repository over https",
      hint: otherAddress(repository)
    })
  } else if (isSsh(repository) && key === undefined) {
    check.complain(address, {
      message: "a repository over ssh needs a deploy key",
      hint: `name one of Coolify's private keys: \`deployKey: NAME\`; if it is public, ${otherAddress(repository)}`
    })
  } else if (!isSsh(repository) && key !== undefined) {
    check.complain(address, {
      message: "a deploy key reads a repository over ssh",
      hint: otherAddress(repository)
    })
  }
}
