import * as Either from "effect/Either"
import type { Complaint } from "./Report.ts"

const bad = (message: string, hint?: string): Either.Either<never, Complaint> =>
  Either.left({ message, hint })

const heads = "refs/heads/"

/**
 * The rules of git and of Coolify (app/Rules/ValidGitBranch.php) together. It asks the repository for `refs/heads/NAME`
 * (recorded: settings), so that no other kind of reference is found.
 */
export const gitBranch = (text: string): Either.Either<string, Complaint> => {
  if (text.startsWith("refs/")) {
    return bad(
      "this is no branch name but a reference, and Coolify looks for branches alone",
      text.startsWith(heads)
        ? `write \`${text.slice(heads.length)}\``
        : "write the full id of its commit under `commit` (`git rev-parse TAG^{commit}` tells it)"
    )
  }
  return /^[A-Za-z0-9_][A-Za-z0-9_./-]{0,254}$/.test(text) &&
    text !== "HEAD" &&
    !/\.\.|\/\/|\/\.|[/.]$|\.lock$/.test(text)
    ? Either.right(text)
    : bad("this is not a branch name", "letters, digits, `_`, `-`, `.` and single `/`")
}

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
