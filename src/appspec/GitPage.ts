/** Addresses that people have at hand for a repository and that git cannot clone: what to write instead. */
import { gitBranch, gitCommit, repositoryPath } from "./GitReference.ts"
import type { Complaint } from "./Report.ts"
import * as Either from "effect/Either"

/** A key of `source` with its value, as a spec would have it. */
const key = (name: string, value: string) => `\`${name}: ${value}\``

const together = (keys: ReadonlyArray<string>): string =>
  keys.length < 2 ? keys.join("") : `${keys.slice(0, -1).join(", ")} and ${keys.at(-1) ?? ""}`

/** What a page of a repository shows. */
interface Page {
  readonly kind: "folder" | "file" | "commit" | "request" | "tag" | "download" | "page"
  /** Branch or commit, and the path behind it. */
  readonly below: ReadonlyArray<string>
}

const kinds: ReadonlyMap<string, Page["kind"]> = new Map([
  ["tree", "folder"],
  ["commits", "folder"],
  ["blob", "file"],
  ["blame", "file"],
  ["edit", "file"],
  ["commit", "commit"],
  ["pull", "request"],
  ["pulls", "request"],
  ["pull-requests", "request"],
  ["merge_requests", "request"],
  ["compare", "request"],
  ["releases", "tag"],
  ["tags", "tag"],
  ["raw", "download"],
  ["archive", "download"],
  ["get", "download"],
  ["downloads", "download"],
  ["zipball", "download"],
  ["tarball", "download"]
])

const pageOf = ([word = "", ...below]: ReadonlyArray<string>): Page => ({
  kind: kinds.get(word) ?? "page",
  below
})

/** Bitbucket: `src/<branch or commit>/<path>`, `branch/<name>`, `commits/<id>`. */
const bitbucketPage = ([word = "", ...below]: ReadonlyArray<string>): Page => {
  if (word === "src")
    return {
      kind: /\.[A-Za-z0-9]+$|^Dockerfile/.test(below.at(-1) ?? "") && below.length > 1 ? "file" : "folder",
      below
    }
  if (word === "branch") return { kind: "folder", below }
  return word === "commits" && Either.isRight(gitCommit(below[0] ?? ""))
    ? { kind: "commit", below }
    : pageOf([word, ...below])
}

/** Gitea, Forgejo: `src/branch/<branch>/<path>`, `src/commit/<id>/<path>`, `src/tag/<tag>`. */
const giteaPage = ([word = "", what = "", ...below]: ReadonlyArray<string>): Page =>
  word === "src" && (what === "branch" || what === "commit")
    ? { kind: "folder", below }
    : word === "src" && what === "tag"
      ? { kind: "tag", below }
      : pageOf([word, what, ...below])

const messages: Readonly<Record<Page["kind"], string>> = {
  folder: "this is the page of a folder, not the address of a repository",
  file: "this is the page of a file, not the address of a repository",
  commit: "this is the page of a commit, not the address of a repository",
  request: "this is the page of a pull request, not the address of a repository",
  tag: "this is the page of a release or tag, not the address of a repository",
  download: "this is a file to download, not the address of a repository",
  page: "this is a page of a repository, not its address"
}

/** Branches are commonly named so, with a slash and more behind it. */
const prefixes =
  /^(feat|feature|features|fix|bugfix|hotfix|release|releases|chore|docs|refactor|dependabot|renovate|users?)$/

/** `main/services/api` of a page's address as keys; only what the spec's own rules take. */
const refKeys = ([ref = "", ...path]: ReadonlyArray<string>, kind: Page["kind"]): ReadonlyArray<string> => {
  const commit = ref === "HEAD" ? Either.left(undefined) : gitCommit(ref)
  const at = Either.isRight(commit)
    ? [key("commit", commit.right)]
    : Either.isRight(gitBranch(ref))
      ? [key("branch", ref)]
      : []
  const file = path.at(-1) ?? ""
  const isDockerfile = kind === "file" && /dockerfile/i.test(file)
  const folder = kind === "file" ? path.slice(0, -1) : path
  const inside = isDockerfile ? path : folder
  const where = repositoryPath(inside.join("/"))
  return [
    ...at,
    ...(inside.length > 0 && Either.isRight(where)
      ? [key(isDockerfile ? "dockerfile" : "baseDirectory", where.right)]
      : [])
  ]
}

const complain = (repository: string, { kind, below }: Page): Complaint => {
  const git = key("git", repository)
  const hint = (() => {
    switch (kind) {
      case "folder":
      case "file": {
        const keys = together([git, ...refKeys(below, kind)])
        return prefixes.test(below[0] ?? "") && below.length > 1
          ? `write ${keys}; if the name of the branch goes on behind its slash, \`branch\` takes all of it`
          : `write ${keys}`
      }
      case "commit": {
        const commit = gitCommit(below[0] ?? "")
        return Either.isRight(commit)
          ? `write ${together([git, key("commit", commit.right)])}`
          : `write ${git}, and the full id under \`commit\``
      }
      case "request":
        return `write ${git} (of the fork, if it comes from one), and the branch it comes from under \`branch\``
      case "tag":
        return `write ${git}, and under \`commit\` the full id of the tag's commit`
      case "download":
      case "page":
        return `write ${git}`
    }
  })()
  return { message: messages[kind], hint }
}

/** Where a file's bytes are served, and what tells its repository. */
const rawHosts: ReadonlySet<string> = new Set(["raw.githubusercontent.com", "codeload.github.com"])

/**
 * What is wrong with an address that a browser shows or a download has; `undefined`: nothing that can be seen.
 * @param host in lower case.
 * @param segments of the path, as they are written.
 */
export const webPage = (host: string, segments: ReadonlyArray<string>): Complaint | undefined => {
  const [owner = "", name = "", ...rest] = segments
  const site = host.replace(/^www\./, "")
  // Only what is plainly a name is repeated.
  const isName = (text: string) => /^[A-Za-z0-9._~-]{1,100}$/.test(text)
  const repositoryAt = (at: string, names: ReadonlyArray<string>) =>
    names.every(isName) && names.length > 1 ? `https://${at}/${names.join("/")}` : undefined
  const complainOf = (repository: string | undefined, page: Page): Complaint =>
    repository === undefined
      ? {
          message: messages[page.kind],
          hint: "write the address of the repository itself, e.g. https://github.com/owner/repository"
        }
      : complain(repository, page)

  const marker = segments.indexOf("-")
  if (marker >= 2 && segments.length > marker + 1) {
    return complainOf(repositoryAt(host, segments.slice(0, marker)), pageOf(segments.slice(marker + 1)))
  }
  if (rawHosts.has(site)) return complainOf(repositoryAt("github.com", [owner, name]), pageOf(["raw"]))
  if (site === "gist.github.com") {
    const id = (name === "" ? owner : name).replace(/\.git$/, "")
    if (segments.at(-1)?.endsWith(".git") === true && segments.length <= 2) return undefined
    const hint = /^[0-9a-f]{20,40}$/.test(id)
      ? `write ${key("git", `https://gist.github.com/${id}.git`)}`
      : "its address for git ends in .git"
    return { message: "this is the page of a gist, not its address for git", hint }
  }
  if (site === "github.com") {
    if (name === "" && owner !== "")
      return {
        message: "this is the page of an owner, not the address of a repository",
        hint: "the name of the repository stands behind it: https://github.com/owner/repository"
      }
    return rest.length === 0 ? undefined : complainOf(repositoryAt("github.com", [owner, name]), pageOf(rest))
  }
  if (rest.length === 0) return undefined
  if (site === "bitbucket.org")
    return complainOf(repositoryAt("bitbucket.org", [owner, name]), bitbucketPage(rest))
  const isGitea = rest[0] === "src" && /^(branch|commit|tag)$/.test(rest[1] ?? "")
  if (isGitea || site === "codeberg.org")
    return complainOf(repositoryAt(host, [owner, name]), giteaPage(rest))
  // GitLab before 12 wrote its pages without the `-`, and no other host has such a path for a repository.
  return /^(tree|blob|raw|commit|merge_requests|pull)$/.test(rest[0] ?? "") && rest.length > 1
    ? complainOf(repositoryAt(host, [owner, name]), pageOf(rest))
    : undefined
}
