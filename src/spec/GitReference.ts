import * as Either from "effect/Either"
import { asciiDomain } from "./Domain.ts"
import { portOf } from "./Limits.ts"
import type { Complaint } from "./Report.ts"

const bad = (message: string, hint?: string): Either.Either<never, Complaint> =>
  Either.left({ message, hint })
const form = "e.g. https://github.com/owner/repository"

/** The https address of a public repository. Complaints never show the text: it may hold a password. */
export const gitRepository = (text: string): Either.Either<string, Complaint> => {
  if (/^[\w.-]+@[\w.-]+:/.test(text) || text.startsWith("ssh:")) {
    return bad("a repository over ssh needs a deploy key", `only public https repositories for now, ${form}`)
  }
  if (!text.startsWith("https://")) return bad("a repository is an https address", form)
  const match = /^https:\/\/([^/?#]*)(\/[^?#]*)?(.*)$/su.exec(text)
  const [, authority = "", path = "", rest = ""] = match ?? []
  if (authority.includes("@")) {
    return bad(
      "no user, password or token in a repository address",
      "they would end up in logs; use a public repository"
    )
  }
  if (rest !== "") return bad("a repository address has no query and no fragment", form)
  const [, host = "", port] = /^(.*?)(?::(\d*))?$/su.exec(authority) ?? []
  if (port !== undefined && portOf(port) === undefined) {
    return bad("the port of the repository must be a number from 1 to 65535")
  }
  const domain = asciiDomain(host)
  if (Either.isLeft(domain)) return bad(`the host of the repository: ${domain.left.message}`, form)
  // Without the look-behind every slash of a long row would be a start to try.
  const clean = path.replace(/(?<!\/)\/+$/, "")
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(clean) || /\/\.{1,2}(\/|$)/.test(clean)) {
    return bad("the path of the repository is not one", form)
  }
  return clean.length > 255
    ? bad("the path of the repository has at most 255 characters")
    : Either.right(`https://${domain.right}${port === undefined ? "" : `:${port}`}${clean}`)
}

/** The rules of git and of Coolify (app/Rules/ValidGitBranch.php) together. */
export const gitBranch = (text: string): Either.Either<string, Complaint> =>
  /^[A-Za-z0-9_][A-Za-z0-9_./-]{0,254}$/.test(text) &&
  text !== "HEAD" &&
  !/\.\.|\/\/|\/\.|[/.]$|\.lock$/.test(text)
    ? Either.right(text)
    : bad("this is not a branch name", "letters, digits, `_`, `-`, `.` and single `/`")

/** A full commit id in lower case, or `HEAD`. */
export const gitCommit = (text: string): Either.Either<string, Complaint> =>
  text === "HEAD" || /^[0-9a-f]{40}([0-9a-f]{24})?$/i.test(text)
    ? Either.right(text === "HEAD" ? text : text.toLowerCase())
    : bad("a commit is a full id (40 or 64 hexadecimal digits) or HEAD", "`git rev-parse <name>` shows it")

/** A path inside the repository, absolute from its root (app/Support/ValidationPatterns.php: the characters). */
export const repositoryPath = (text: string): Either.Either<string, Complaint> => {
  const path = `/${text.replace(/^\.?\/|\/$/g, "")}`
  return /^\/[A-Za-z0-9._/~@+-]*$/.test(path) && !/\/\/|\/\.{1,2}(\/|$)/.test(path) && path.length <= 255
    ? Either.right(path)
    : bad(
        "this is not a path inside the repository",
        "letters, digits and . _ - ~ @ +, from the root, without `..`"
      )
}
