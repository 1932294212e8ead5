import * as Either from "effect/Either"
import { asciiDomain } from "./Domain.ts"
import { webPage } from "./GitPage.ts"
import { portOf } from "./Limits.ts"
import type { Complaint } from "./Report.ts"

const bad = (message: string, hint?: string): Either.Either<never, Complaint> =>
  Either.left({ message, hint })
const form = "e.g. https://github.com/owner/repository"

/** `write https://host/path` where the parts are plainly a host and a path; else the general form. */
const write = (host: string, path: string): string =>
  /^(?:[A-Za-z0-9-]+\.)+[A-Za-z]+$/.test(host) &&
  /^(?:[A-Za-z0-9._~-]{1,100}\/)+[A-Za-z0-9._~-]{1,100}$/.test(path)
    ? `write \`git: https://${host}/${path}\``
    : form

const needsKey = "a repository over ssh needs a deploy key"

/** What is said of a text that is no https address. */
const otherForm = (text: string): Either.Either<never, Complaint> => {
  const ssh =
    /^(?:git\+)?ssh:\/\/(?:[^@/]*@)?([^/:?#]*)(?::\d+)?\/([^?#]*)/u.exec(text) ??
    /^[\w.-]+@([\w.-]+):([^?#]*)$/u.exec(text)
  if (ssh !== null) {
    const [, host = "", path = ""] = ssh
    return bad(needsKey, write(host, path.replace(/^\/+/, "")))
  }
  if (/^(?:git\+)?ssh:/.test(text)) {
    return bad(needsKey, form)
  }
  const plain = /^(?:git\+)?(?:http|git|https):\/\/([^/?#@]*)\/([^?#]*)$/.exec(text)
  if (plain !== null) return bad("a repository is an https address", write(plain[1] ?? "", plain[2] ?? ""))
  if (/^(?:file:|\.{0,2}\/|~|[A-Za-z]:\\)/.test(text)) {
    return bad(
      "Coolify fetches the repository itself, and cannot reach a folder of this machine",
      `give its https address, ${form}`
    )
  }
  const [first = "", ...rest] = text.split("/")
  if (first.includes(".")) return bad("a repository is an https address", write(first, rest.join("/")))
  return bad("a repository is an https address", rest.length === 1 ? write("github.com", text) : form)
}

/** The https address of a public repository. Complaints show no part of the text that may be a password. */
export const gitRepository = (text: string): Either.Either<string, Complaint> => {
  if (!text.startsWith("https://")) return otherForm(text)
  const match = /^https:\/\/([^/?#]*)(\/[^?#]*)?(.*)$/su.exec(text)
  const [, authority = "", path = "", rest = ""] = match ?? []
  if (authority.includes("@")) {
    return bad(
      "no user, password or token in a repository address",
      "they would end up in logs; use a public repository"
    )
  }
  const [, host = "", port] = /^(.*?)(?::(\d*))?$/su.exec(authority) ?? []
  if (port !== undefined && portOf(port) === undefined) {
    return bad("the port of the repository must be a number from 1 to 65535")
  }
  const domain = asciiDomain(host)
  if (Either.isLeft(domain)) return bad(`the host of the repository: ${domain.left.message}`, form)
  // Without the look-behind every slash of a long row would be a start to try.
  const clean = path.replace(/(?<!\/)\/+$/, "")
  const page = webPage(`${domain.right}${port === undefined ? "" : `:${port}`}`, clean.split("/").slice(1))
  if (page !== undefined) return Either.left(page)
  if (rest.startsWith("#")) {
    return bad(
      "a repository address has no fragment",
      "a branch goes under `branch`, a folder under `baseDirectory`"
    )
  }
  if (rest !== "") return bad("a repository address has no query", write(host, clean.slice(1)))
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(clean) || /\/\.{1,2}(\/|$)/.test(clean)) {
    return bad("the path of the repository is not one", form)
  }
  return clean.length > 255
    ? bad("the path of the repository has at most 255 characters")
    : Either.right(`https://${domain.right}${port === undefined ? "" : `:${port}`}${clean}`)
}

/** An address over ssh, as a deploy key is used with: `git@host:owner/repository.git` or `ssh://git@host:22/...`. */
export const isSsh = (text: string): boolean => /^(?:git@|ssh:)/.test(text)

/** The https address of a repository, or one over ssh; whether that has a key is for the whole source to say. */
export const repositoryAddress = (text: string): Either.Either<string, Complaint> => {
  const [, host, path = ""] =
    /^git@([^:/]+):([^/:].*)$/.exec(text) ?? /^ssh:\/\/git@([^:/]+)(?::\d{1,5})?\/(.+)$/.exec(text) ?? []
  if (host === undefined) return gitRepository(text)
  if (Either.isLeft(asciiDomain(host))) return otherForm(text)
  return /^[A-Za-z0-9._~-]+(?:\/[A-Za-z0-9._~-]+)*$/.test(path) && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(path)
    ? Either.right(text)
    : bad("the path of the repository is not one", "e.g. git@github.com:owner/repository.git")
}

/** What to write where there is no deploy key, or one too many. */
export const otherAddress = (repository: string): string => {
  const ssh = otherForm(repository)
  if (isSsh(repository)) return Either.isLeft(ssh) ? (ssh.left.hint ?? form) : form
  const { host, pathname } = new URL(repository)
  return `write \`git: git@${host}:${pathname.slice(1)}\``
}
