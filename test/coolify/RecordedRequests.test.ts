/** Every request that fabrik can send to Coolify was seen answered by a real one, or is marked as read in its source only. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { databaseEngines } from "../../src/coolify/DatabaseEngine.ts"

const recordings = fileURLToPath(new URL("../../../shared/data/coolify-recorded/", import.meta.url))
const isRecorded = existsSync(recordings)

/** What the variable parts of a path stand for. */
const words: Readonly<Record<string, ReadonlyArray<string>>> = {
  variant: ["dockerimage", "public", "private-deploy-key", "private-github-app", "dockerfile"],
  "database.engine": databaseEngines,
  word: ["start", "stop", "restart"],
  owners: ["applications", "services"]
}

/** Read in Coolify's source, and never seen answered but with an error. */
const sourceOnly: ReadonlyArray<string> = [
  // Only with an App that does not exist: GitHub itself is asked for the repository.
  "POST /applications/private-github-app"
]

const expanded = (path: string): ReadonlyArray<string> => {
  const name = /\$\{([\w.]+)\}/.exec(path)?.[1]
  if (name === undefined) return [path]
  const all = words[name]
  assert.isDefined(all, `${path}: what may stand for ${name} is not said here`)
  return (all ?? []).flatMap((word) => expanded(path.replace(`\${${name}}`, word)))
}

/** Every variable part alike. */
const template = (path: string): string =>
  path
    .replace(/\?.*$/, "")
    .replace(/\/\{\w+\}/g, "/{id}")
    .replace(/\/[a-z0-9]{24}(?=\/|$)/g, "/{id}")
    .replace(/(\/environments\/|\/projects\/\{id\}\/)(?!environments)(?!\{id\})[^/]+$/, "$1{id}")
    .replace(/(\/(?:envs|storages|scheduled-tasks|backups)\/)(?!bulk)[^/]+$/, "$1{id}")

const folder = fileURLToPath(new URL("../../src/coolify/", import.meta.url))
const source = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => readFileSync(`${folder}${file}`, "utf8"))
  .join("\n")
const written = [...source.matchAll(/verb: "([A-Z]+)",\s*path:\s*(?:"([^"]+)"|`([^`]+)`|(\w+)\b)/g)]
const constant = (name: string): string => new RegExp(`const ${name} = "([^"]+)"`).exec(source)?.[1] ?? name
const sent = [
  ...new Set(
    written.flatMap(([, verb, plain, made, name]) =>
      expanded(plain ?? made ?? constant(name ?? "")).map((path) => `${verb} ${template(path)}`)
    )
  )
].toSorted()

interface Exchange {
  readonly request?: { readonly method: string; readonly path: string }
  readonly response?: { readonly status: number }
}

const answered = (): ReadonlySet<string> =>
  new Set(
    readdirSync(recordings)
      .filter((file) => file.endsWith(".ndjson"))
      .flatMap((file) => readFileSync(`${recordings}${file}`, "utf8").split("\n"))
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Exchange)
      .flatMap(({ request, response }) =>
        request !== undefined && response !== undefined && response.status < 300
          ? [`${request.method} ${template(request.path.replace(/^\/api\/v1/, ""))}`]
          : []
      )
  )

if (!isRecorded) process.stderr.write("RecordedRequests: skipped, there is no recording beside the project\n")

describe.skipIf(!isRecorded)("a request to Coolify", () => {
  it("has its verb and its path side by side, to be found here", () => {
    assert.strictEqual(written.length, source.match(/(?<!readonly )verb: "/g)?.length)
    assert.include(sent, "PATCH /applications/{id}/envs/bulk")
  })

  const seen = isRecorded ? answered() : new Set<string>()
  it.each(sent)("%s", (request) => {
    assert.strictEqual(seen.has(request), !sourceOnly.includes(request))
  })
})
