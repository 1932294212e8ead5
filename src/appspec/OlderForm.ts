/**
 * The keys of the older form, rewritten to those of today before anything reads them: `id`, `health`, `kind`, `expose`,
 * `coolify`, `source.type` with `repository`, `repo` and `ref`, and the two lists `secrets.required` and
 * `secrets.generate`. Each field keeps the path and the place that the user wrote.
 */
import * as Either from "effect/Either"
import { unknownKey, wrongKind } from "./Form.ts"
import { imageReference } from "./ImageReference.ts"
import { nearest } from "./Nearest.ts"
import { type Complaint, quote, type Report } from "./Report.ts"
import type { Entry, Field, Node } from "./YamlTree.ts"

type Entries = ReadonlyArray<Entry>

/** A complaint about a field, at its value or, `at` its key, there. */
const complain = (report: Report, { node, path }: Field, { at = node.at, ...complaint }: Complaint): void => {
  report.add(at, path, complaint)
}

/** With one entry per key: both spellings of one thing are refused. */
const once = (report: Report, entries: Entries): Entries => {
  const kept = new Map<string, Entry>()
  for (const entry of entries) {
    const first = kept.get(entry.key)
    if (first === undefined) kept.set(entry.key, entry)
    else {
      complain(report, entry, {
        at: entry.keyAt,
        message: `\`${first.path}\` and \`${entry.path}\` say the same`,
        hint: "keep one of them"
      })
    }
  }
  return [...kept.values()]
}

const renamed = (entries: Entries, names: Readonly<Record<string, string>>): Entries => {
  const byName = new Map(Object.entries(names))
  return entries.map((entry) => ({ ...entry, key: byName.get(entry.key) ?? entry.key }))
}

const scalar = (at: Field["keyAt"], text: string): Node => ({ _tag: "Scalar", at, text, value: text })

/** The spec's top level with keys of today only. */
export const presentForm = (root: Field, report: Report): Field => {
  if (root.node._tag !== "Map") return root
  const entries = renamed(root.node.entries, { id: "name", health: "healthcheck" }).flatMap((entry) => {
    switch (entry.key) {
      case "kind":
        checkKind(report, entry)
        return []
      case "expose":
        return entry.node._tag === "Scalar"
          ? [{ ...entry, key: "port" }]
          : inside(report, entry, ["domain", "port"])
      case "coolify":
        return inside(report, entry, ["project", "server"])
      case "source":
        return presentSource(report, entry)
      case "secrets":
        return [presentSecrets(report, entry)]
      default:
        return [entry]
    }
  })
  return { ...root, node: { ...root.node, entries: once(report, entries) } }
}

const checkKind = (report: Report, entry: Entry): void => {
  if (entry.node._tag !== "Scalar") complain(report, entry, wrongKind(entry, "text"))
  else if (entry.node.text !== "service" && entry.node.text !== "app") {
    complain(report, entry, {
      message: "`kind` is `service` or `app`",
      hint: "or leave it out: what answers nowhere has no `domain`"
    })
  }
}

/** The keys of a map that stand at the top today. */
const inside = (report: Report, entry: Entry, keys: ReadonlyArray<string>): Entries => {
  const { node } = entry
  if (node._tag === "Null") return []
  if (node._tag !== "Map") {
    complain(report, entry, wrongKind(entry, "a map"))
    return []
  }
  const unknown = unknownKey(keys, {})
  return node.entries.filter((own) => {
    if (keys.includes(own.key)) return true
    complain(report, own, { ...unknown(own.key, own), at: own.keyAt })
    return false
  })
}

const types = ["image", "git", "dockerfile", "template"]

/** A source without a key is none, as `type: template` is. */
const presentSource = (report: Report, source: Entry): Entries => {
  const { node } = source
  if (node._tag !== "Map") return [source]
  const entries = once(report, renamed(node.entries, { repo: "repository" }))
  const find = (key: string) => entries.find((entry) => entry.key === key)
  const rest = entries.filter(({ key }) => !["type", "repository", "ref"].includes(key))
  const withKeys = (own: Entries): Entries => [
    { ...source, node: { ...node, entries: once(report, own.toSorted(byPlace)) } }
  ]
  const type = find("type")
  const repository = find("repository")
  const ref = find("ref")
  if (type === undefined && repository === undefined && ref === undefined) {
    return entries.length === 0 ? [] : [source]
  }
  const branch = ref === undefined ? [] : [{ ...ref, key: "branch" }]
  const asGit = (more: Entries = []): Entries =>
    withKeys([
      ...rest,
      ...(repository === undefined ? [] : [{ ...repository, key: "git" }]),
      ...branch,
      ...more
    ])
  const asImage = (image: Entry): Entries =>
    withKeys([
      ...rest.filter(({ key }) => key !== "image"),
      ...once(report, [{ ...(ref === undefined ? image : tagged(report, image, ref)), key: "image" }])
    ])
  const image = find("image")
  if (type === undefined) {
    return image !== undefined && repository === undefined ? asImage(image) : asGit()
  }
  if (type.node._tag === "Scalar" && type.node.text === "compose") {
    complain(report, type, {
      message: "a compose file is named by its own key",
      hint: "write `source: { compose: ./compose.yaml }`"
    })
    return []
  }
  const missing = (key: string): Entries => {
    report.add(type.keyAt, source.path, {
      message: `\`${source.path}.${key}\` is missing`,
      hint: `\`type: ${word}\` needs it`
    })
    return []
  }
  const word = type.node._tag === "Scalar" ? type.node.text : ""
  switch (word) {
    case "image": {
      const [name] = once(
        report,
        [image, repository].flatMap((entry) => (entry === undefined ? [] : [{ ...entry, key: "image" }]))
      )
      return name === undefined ? missing("image") : asImage(name)
    }
    case "git":
      return find("git") === undefined && repository === undefined ? missing("repository") : asGit()
    case "dockerfile": {
      if (find("git") === undefined && repository === undefined) {
        return find("dockerfile") === undefined ? missing("dockerfile") : withKeys([...rest, ...branch])
      }
      const pack = { ...type, key: "buildPack", node: scalar(type.node.at, "dockerfile") }
      return asGit(find("buildPack") === undefined ? [pack] : [])
    }
    case "template":
      for (const entry of entries) {
        if (entry.key === "type") continue
        complain(report, entry, {
          at: entry.keyAt,
          message: `\`${entry.path}\` has no meaning for a template`,
          hint: "give one of `image: nginx:1.27`, `git: https://...` and `dockerfile: |`"
        })
      }
      return []
    default: {
      const near = nearest(word, types)
      complain(
        report,
        type,
        type.node._tag === "Scalar"
          ? {
              message: `unknown \`${type.path}\` ${quote(word)}`,
              hint: near === undefined ? `one of: ${types.join(", ")}` : `did you mean \`${near}\`?`
            }
          : wrongKind(type, "text")
      )
      return []
    }
  }
}

const byPlace = (a: Field, b: Field) => a.keyAt.line - b.keyAt.line || a.keyAt.column - b.keyAt.column

/** `image` with the tag or digest that stands under `ref`. A bad image is left for its own complaint. */
const tagged = (report: Report, image: Entry, ref: Entry): Entry => {
  if (image.node._tag !== "Scalar") return image
  if (ref.node._tag !== "Scalar") {
    complain(report, ref, wrongKind(ref, "text"))
    return image
  }
  const reference = imageReference(image.node.text)
  if (Either.isLeft(reference)) return image
  const { name, tag } = reference.right
  if (tag !== "latest") {
    const hint = `the tag stands behind the image in \`${image.path}\``
    complain(report, ref, { at: ref.keyAt, message: "the tag is given twice", hint })
    return image
  }
  const text = `${name}${ref.node.text.startsWith("sha256:") ? "@" : ":"}${ref.node.text}`
  const full = imageReference(text)
  if (Either.isRight(full)) return { ...image, node: scalar(image.node.at, text) }
  complain(report, ref, full.left)
  return image
}

/** The two lists mean the same as the words `required` and `generate` behind each name. */
const presentSecrets = (report: Report, secrets: Entry): Entry => {
  const { node } = secrets
  if (node._tag !== "Map") return secrets
  const isList = ({ key, node: { _tag } }: Entry) =>
    (key === "required" || key === "generate") && _tag !== "Scalar" && _tag !== "Map"
  const lists = node.entries.filter(isList)
  if (lists.length === 0) return secrets
  if (lists.length < node.entries.length) {
    for (const entry of lists) {
      complain(report, entry, {
        at: entry.keyAt,
        message: `\`${entry.path}\` is a list beside names`,
        hint: "either the two lists `required` and `generate`, or one `NAME: required` or `NAME: generate` per line"
      })
    }
    return { ...secrets, node: { ...node, entries: node.entries.filter((entry) => !isList(entry)) } }
  }
  const found = new Map<string, Entry & { readonly list: Entry }>()
  for (const list of lists) {
    for (const item of list.node._tag === "List" ? list.node.items : []) {
      if (item.node._tag !== "Scalar" || typeof item.node.value !== "string") {
        complain(report, item, {
          message: "a secret is the name of a variable",
          hint: "the name alone: the value comes from the environment or from .env"
        })
        continue
      }
      const name = item.node.text
      const before = found.get(name)
      if (before === undefined) {
        found.set(name, { ...item, key: name, node: scalar(item.node.at, list.key), list })
      } else {
        complain(report, item, {
          message:
            before.list === list
              ? `duplicate secret ${quote(name)}`
              : `${quote(name)} stands in both lists (line ${before.keyAt.line})`,
          hint: "remove one"
        })
      }
    }
  }
  return { ...secrets, node: { ...node, entries: [...found.values()] } }
}
