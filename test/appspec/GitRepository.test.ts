import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { gitBranch } from "../../src/appspec/GitReference.ts"
import { gitRepository } from "../../src/appspec/GitRepository.ts"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"

const complaint = (address: string) => {
  const read = gitRepository(address)
  assert.isTrue(Either.isLeft(read), `${address} is taken`)
  return Either.getOrThrow(Either.flip(read))
}

/** The keys that a hint says to write, as lines of a spec's `source`. */
const keysOf = (hint: string): ReadonlyArray<string> =>
  [...hint.matchAll(/`([A-Za-z]+: [^`]+)`/g)].map(([, key = ""]) => key)

const sourceOf = (keys: ReadonlyArray<string>) =>
  Either.map(
    parseSpec(
      `name: a\ndomain: a.example.com\nport: 80\nsource:\n${keys.map((key) => `  ${key}\n`).join("")}`,
      "spec.yaml"
    ),
    ({ source }) => source
  )

const sha = "0123456789abcdef0123456789abcdef01234567"

describe("the address of a page is refused with what to write instead", () => {
  const stack = "git: https://github.com/acme/stack"
  it.each([
    [
      "https://github.com/acme/stack/tree/main/services/api",
      /page of a folder/,
      [stack, "branch: main", "baseDirectory: /services/api"]
    ],
    ["https://github.com/acme/stack/tree/main", /page of a folder/, [stack, "branch: main"]],
    ["https://github.com/acme/stack/tree/main/", /page of a folder/, [stack, "branch: main"]],
    ["https://www.github.com/acme/stack/tree/next", /page of a folder/, [stack, "branch: next"]],
    ["https://github.com/acme/stack/tree/main/a%20b", /page of a folder/, [stack, "branch: main"]],
    [
      `https://github.com/acme/stack/tree/${sha}/api?tab=readme`,
      /page of a folder/,
      [stack, `commit: ${sha}`, "baseDirectory: /api"]
    ],
    [
      "https://github.com/acme/stack/blob/main/api/main.py#L10",
      /page of a file/,
      [stack, "branch: main", "baseDirectory: /api"]
    ],
    [
      "https://github.com/acme/stack/blob/main/docker/Dockerfile.prod",
      /page of a file/,
      [stack, "branch: main", "dockerfile: /docker/Dockerfile.prod"]
    ],
    ["https://github.com/acme/stack/blob/main/README.md", /page of a file/, [stack, "branch: main"]],
    [`https://github.com/acme/stack/commit/${sha}`, /page of a commit/, [stack, `commit: ${sha}`]],
    ["https://github.com/acme/stack/commit/0123456", /page of a commit/, [stack]],
    ["https://github.com/acme/stack/pull/12/files", /page of a pull request/, [stack]],
    ["https://github.com/acme/stack/releases/tag/v1.0", /page of a release/, [stack]],
    ["https://github.com/acme/stack/archive/refs/heads/main.zip", /file to download/, [stack]],
    ["https://raw.githubusercontent.com/acme/stack/main/Dockerfile", /file to download/, [stack]],
    ["https://github.com/acme/stack/issues", /a page of a repository/, [stack]],
    ["https://github.com/acme/stack.git/tree/main", /page of a folder/, [`${stack}.git`, "branch: main"]],
    ["https://github.com/acme", /page of an owner/, []],
    [
      "https://gitlab.com/acme/team/stack/-/tree/main/services/api?ref_type=heads",
      /page of a folder/,
      ["git: https://gitlab.com/acme/team/stack", "branch: main", "baseDirectory: /services/api"]
    ],
    [
      "https://git.example.com:8443/acme/stack/-/merge_requests/3",
      /page of a pull request/,
      ["git: https://git.example.com:8443/acme/stack"]
    ],
    [
      "https://bitbucket.org/acme/stack/src/main/services/api/",
      /page of a folder/,
      ["git: https://bitbucket.org/acme/stack", "branch: main", "baseDirectory: /services/api"]
    ],
    [
      "https://bitbucket.org/acme/stack/src/main/api/Dockerfile",
      /page of a file/,
      ["git: https://bitbucket.org/acme/stack", "branch: main", "dockerfile: /api/Dockerfile"]
    ],
    [
      "https://codeberg.org/acme/stack/src/branch/main/api",
      /page of a folder/,
      ["git: https://codeberg.org/acme/stack", "branch: main", "baseDirectory: /api"]
    ],
    [
      "https://git.example.com/acme/stack/src/tag/v1",
      /page of a release/,
      ["git: https://git.example.com/acme/stack"]
    ],
    [
      `https://gist.github.com/acme/${sha.slice(0, 32)}`,
      /page of a gist/,
      [`git: https://gist.github.com/${sha.slice(0, 32)}.git`]
    ]
  ] as const)("%s", (address, message, keys) => {
    const { message: said, hint = "" } = complaint(address)
    assert.match(said, message)
    assert.deepStrictEqual(keysOf(hint), [...keys])
    if (keys.length > 0) assert.isTrue(Either.isRight(sourceOf(keys)), hint)
  })

  it("says that the name of a branch may go on behind its slash", () => {
    const { hint = "" } = complaint("https://github.com/acme/stack/tree/feature/login/api")
    assert.match(hint, /`branch` takes all of it/)
  })
})

describe("other ways to write a repository are refused with the one to write", () => {
  it.each([
    ["git@github.com:acme/stack.git", /ssh needs a deploy key/, "git: https://github.com/acme/stack.git"],
    ["ssh://git@github.com/acme/stack", /ssh needs a deploy key/, "git: https://github.com/acme/stack"],
    ["ssh://git@git.example.com:2222/acme/stack", /ssh/, "git: https://git.example.com/acme/stack"],
    ["git://github.com/acme/stack", /https address/, "git: https://github.com/acme/stack"],
    ["http://github.com/acme/stack", /https address/, "git: https://github.com/acme/stack"],
    ["git+https://github.com/acme/stack", /https address/, "git: https://github.com/acme/stack"],
    ["github.com/acme/stack", /https address/, "git: https://github.com/acme/stack"],
    ["acme/stack", /https address/, "git: https://github.com/acme/stack"],
    ["https://github.com/acme/stack?tab=readme-ov-file", /query/, "git: https://github.com/acme/stack"],
    ["https://github.com/acme/stack.git#main:api", /fragment/, undefined],
    ["./api", /folder of this machine/, undefined],
    ["file:///srv/api", /folder of this machine/, undefined]
  ] as const)("%s", (address, message, key) => {
    const { message: said, hint = "" } = complaint(address)
    assert.match(said, message)
    assert.deepStrictEqual(keysOf(hint), key === undefined ? [] : [key])
  })

  it.each([
    "https://user:hunter2@github.com/acme/stack/tree/main",
    "https://github.com/acme/stack?token=hunter2",
    "https://github.com/acme/stack#hunter2",
    "http://user:hunter2@github.com/acme/stack",
    "git://hunter2@github.com/acme/stack",
    "ssh://git:hunter2@github.com/acme/stack"
  ])("a password is never repeated: %s", (address) => {
    assert.notInclude(JSON.stringify(complaint(address)), "hunter2")
  })
})

describe("the address of a repository stays", () => {
  it.each([
    "https://github.com/acme/stack",
    "https://github.com/acme/tree",
    "https://github.com/tree/main",
    "https://github.com/acme/stack.git",
    "https://gitlab.com/acme/team/sub/stack.git",
    "https://gitlab.com/acme/pull/stack",
    "https://dev.azure.com/acme/project/_git/stack",
    "https://bitbucket.org/acme/stack.git",
    `https://gist.github.com/${sha.slice(0, 32)}.git`,
    "https://git.example.com/tree/main"
  ])("%s", (address) => {
    assert.deepStrictEqual(gitRepository(address), Either.right(address))
  })

  it("but for a slash at its end", () => {
    assert.deepStrictEqual(
      gitRepository("https://github.com/acme/stack.git/"),
      Either.right("https://github.com/acme/stack.git")
    )
  })
})

const word = FastCheck.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)

describe("any folder's page", () => {
  it.prop(
    "names the source that it shows",
    [
      FastCheck.constantFrom(
        ["github.com", "tree"],
        ["gitlab.com", "-/tree"],
        ["bitbucket.org", "src"],
        ["codeberg.org", "src/branch"]
      ),
      word,
      FastCheck.array(word, { minLength: 1, maxLength: 4 })
    ],
    ([[host, marker], branch, folder]) => {
      const path = folder.join("/")
      const { hint = "" } = complaint(`https://${host}/acme/stack/${marker}/${branch}/${path}`)
      const source = Either.getOrThrow(sourceOf(keysOf(hint)))
      assert.include(source, {
        _tag: "Git",
        repository: `https://${host}/acme/stack`,
        branch,
        baseDirectory: `/${path}`
      })
    }
  )
})

describe("a reference in the place of a branch", () => {
  it.each([
    ["refs/heads/feature/a", /write `feature\/a`/],
    ["refs/tags/v1.2.3", /under `commit`/],
    ["refs/pull/12/head", /under `commit`/]
  ])("%s is refused with what to write", (written, wanted) => {
    const { hint = "" } = Either.getOrThrow(Either.flip(gitBranch(written)))
    assert.match(hint, wanted)
  })
})
