import * as Either from "effect/Either"
import { portOf } from "./Limits.ts"
import type { ImageSource } from "../coolify/Source.ts"
import type { Complaint } from "./Report.ts"

type Image = typeof ImageSource.Type

const component = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/
const host = /^(?:[A-Za-z0-9][A-Za-z0-9-]*)(?:\.[A-Za-z0-9][A-Za-z0-9-]*)*(?::(\d+))?$/
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const digestPattern = /^sha256:[0-9a-f]{64}$/

const isRegistry = (first: string): boolean => /[.:]/.test(first) || first === "localhost"

const nameComplaint = (name: string): Complaint | undefined => {
  const [first = "", ...rest] = name.split("/")
  const registry = rest.length > 0 && isRegistry(first)
  const path = registry ? rest : [first, ...rest]
  if (registry) {
    const [found, port] = host.exec(first) ?? []
    if (found === undefined) {
      return {
        message: "the registry in the image name is not a host name",
        hint: "e.g. ghcr.io/owner/app:v1"
      }
    }
    if (port !== undefined && portOf(port) === undefined) {
      return { message: "the port of the registry must be a number from 1 to 65535" }
    }
  }
  if (path.every((part) => component.test(part))) return undefined
  return /[A-Z]/.test(path.join(""))
    ? { message: "an image name is lower case" }
    : { message: "this is not an image name", hint: "e.g. nginx:1.27 or ghcr.io/owner/app:v1" }
}

/** `name`, `name:tag` or `name@sha256:<64 hex>`; the tag defaults to `latest`. */
export const imageReference = (text: string): Either.Either<Image, Complaint> => {
  if (text.length > 255) return Either.left({ message: "an image name has at most 255 characters" })
  if (text.includes("://")) {
    return Either.left({ message: "an image name has no scheme", hint: "e.g. ghcr.io/owner/app:v1" })
  }
  const at = text.indexOf("@")
  const tagged = at === -1 ? text : text.slice(0, at)
  const colon = tagged.lastIndexOf(":")
  const hasTag = colon > tagged.lastIndexOf("/")
  const name = hasTag ? tagged.slice(0, colon) : tagged
  const tag = at === -1 ? (hasTag ? tagged.slice(colon + 1) : "latest") : text.slice(at + 1)
  const complaint = nameComplaint(name)
  if (complaint !== undefined) return Either.left(complaint)
  if (at !== -1 && hasTag) {
    return Either.left({
      message: "give a tag or a digest, not both",
      hint: "the digest alone pins the image"
    })
  }
  if (at !== -1 && !digestPattern.test(tag)) {
    return Either.left({ message: "the digest of an image is `sha256:` and 64 hexadecimal digits" })
  }
  if (at === -1 && !tagPattern.test(tag)) {
    return Either.left({
      message: "the tag of an image has 1 to 128 letters, digits, `_`, `.` and `-`, the first not `.` or `-`"
    })
  }
  return Either.right({ _tag: "Image", name, tag })
}

/** As {@link imageReference} reads it. */
export const imageText = ({ name, tag }: Image): string =>
  `${name}${tag.startsWith("sha256:") ? "@" : ":"}${tag}`
