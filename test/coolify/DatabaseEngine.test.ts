/** What fabrik knows of each engine beforehand is what a real Coolify told once it had made one. */
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { connectionIn, connectionOf, databaseEngines, engineFacts } from "../../src/coolify/DatabaseEngine.ts"

const file = fileURLToPath(new URL("../../../shared/data/coolify-recorded/databases.ndjson", import.meta.url))
const isRecorded = existsSync(file)
if (!isRecorded) process.stderr.write("DatabaseEngine: skipped, there is no recording beside the project\n")

interface Told {
  readonly name: string
  readonly uuid: string
  readonly image: string
  readonly internal_db_url: string
}

describe.skipIf(!isRecorded)("the engines of databases", () => {
  const told = () =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line) => {
        const { request, response } = line === "" ? {} : JSON.parse(line)
        return request?.method === "GET" && (response?.body?.name ?? "").startsWith("min-")
          ? [response.body as Told]
          : []
      })

  it.each(databaseEngines)("%s is reached as Coolify says", (engine) => {
    const row = told().find(({ internal_db_url: url, name }) => name === `min-${engine}` && url)
    assert.isDefined(row)
    const url = Redacted.make(row.internal_db_url)
    const read = connectionIn(engine, url)
    assert.isDefined(read)
    assert.match(Redacted.value(read.password), /^[A-Za-z0-9]{64}$/)
    const known = connectionOf(engine, row.uuid, read.password)
    assert.strictEqual(Redacted.value(known.url), row.internal_db_url)
    assert.deepStrictEqual({ ...read, url: "", password: "" }, { ...known, url: "", password: "" })
    assert.strictEqual(row.image.split(":")[0], engineFacts[engine].image)
  })
})
