/** A spec in an editor: the YAML language server that VS Code and others use, with the schema that fabrik writes. */
import { it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { builtFabrik } from "../support/Built.ts"
import { startServer } from "./LanguageServer.ts"

const require = createRequire(import.meta.url)
const program = join(
  dirname(require.resolve("yaml-language-server/package.json")),
  "bin/yaml-language-server"
)

describe("a spec in an editor", () => {
  const root = mkdtempSync(join(tmpdir(), "fabrik-editor-"))
  const uri = (name: string) => pathToFileURL(join(root, name)).href
  const settings = { yaml: { validate: true, completion: true, hover: true, schemaStore: { enable: false } } }
  const server = startServer(program, settings)
  const first = "# yaml-language-server: $schema=./fabrik.schema.json"
  const spec = (...lines: ReadonlyArray<string>) => [first, ...lines, ""].join("\n")

  beforeAll(async () => {
    writeFileSync(
      join(root, "fabrik.schema.json"),
      readFileSync(join(dirname(builtFabrik()), "fabrik.schema.json"))
    )
    await server.begin(pathToFileURL(root).href)
  })
  afterAll(async () => {
    await server.end()
    rmSync(root, { recursive: true, force: true })
  })

  it("is right where fabrik says so", async () => {
    for (const name of ["test-api", "databases", "processes", "settings", "two-hosts"]) {
      const text = readFileSync(join(import.meta.dirname, `../../fixtures/${name}.yaml`), "utf8")
      assert.deepStrictEqual(await server.open(uri(`${name}.yaml`), `${first}\n${text}`), [], name)
    }
  })

  it("has each mistake marked where it stands, and what is missing", async () => {
    const marked = async (name: string, ...lines: ReadonlyArray<string>) =>
      (await server.open(uri(name), spec("name: shop", "domain: shop.example.com", ...lines)))
        .map(({ line, message }) => `${line}: ${message}`)
        .toSorted()
    const wrong = await marked(
      "wrong.yaml",
      'source: { image: "nginx:1.27" }',
      "port: 8080",
      "healthchek: {}",
      "healthcheck:",
      "  interval: soon",
      "  pth: /"
    )
    assert.deepStrictEqual(wrong, [
      "6: Property healthchek is not allowed.",
      "8: a whole number of seconds from 1 to 300",
      "9: Property pth is not allowed."
    ])
    assert.deepStrictEqual(await marked("missing.yaml", 'source: { image: "nginx:1.27" }'), [
      '2: Missing property "port".'
    ])
  })

  it("has its keys and their values completed, with what they mean", async () => {
    const begun = ["name: shop", "domain: shop.example.com"]
    const at = async (line: string, ...above: ReadonlyArray<string>) => {
      const lines = [...begun, ...above, line]
      const name = uri(`${above.length}-${line.trim() === "" ? line.length : "value"}.yaml`)
      await server.open(name, [first, ...lines].join("\n"))
      return [...(await server.complete(name, { line: lines.length, character: line.length }))]
    }
    assert.includeMembers(await at(""), ["healthcheck", "volumes", "databases", "processes"])
    const inside = await at("  ", "healthcheck:")
    assert.includeMembers(inside, ["path", "interval", "retries"])
    assert.notInclude(inside, "volumes")
    assert.includeMembers(await at("  buildPack: ", "source:"), ["nixpacks", "static"])
    await server.open(uri("whole.yaml"), spec(...begun))
    assert.match(await server.hover(uri("whole.yaml"), { line: 2, character: 2 }), /\nPublic host name/)
  })
})
