import { it } from "@effect/vitest"
import * as Either from "effect/Either"
import { assert, describe } from "vitest"
import { type FirstSpec, writeFirst } from "../../src/appspec/FirstSpec.ts"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import { templates } from "../../src/appspec/templates/Templates.ts"

const bare: FirstSpec = {
  schema: "./fabrik.schema.json",
  head: "A first spec.",
  name: "shop",
  domain: "shop.example.com",
  server: undefined,
  project: undefined,
  template: undefined,
  source: { git: "https://github.com/me/shop", branch: "main" },
  port: 3000,
  healthPath: "/",
  env: {},
  variables: [],
  secrets: []
}
const image = { image: "nginx:1.27" }
const firsts: ReadonlyArray<readonly [string, FirstSpec]> = [
  ["of a repository", bare],
  ["of an image", { ...bare, source: image, server: "vps1", project: "shop" }],
  ["that answers nowhere", { ...bare, domain: "none", source: image, port: undefined }],
  ["with variables", { ...bare, variables: ["LOG_LEVEL"], secrets: [["API_KEY", "required"]] }],
  ...templates.map(
    ({ env, healthPath, name }) =>
      [
        `of ${name}`,
        { ...bare, env, healthPath, template: name, source: undefined, port: undefined }
      ] as const
  )
]

/** As somebody uses an example: the `# ` in front of the key goes. */
const uncomment = (text: string): string => text.replace(/^( *)# ( *\w+: ?(?:\S.*)?)$/gm, "$1$2")

const read = (text: string) => {
  const spec = parseSpec(text, "spec")
  return Either.isRight(spec) ? spec.right : assert.fail(`${text}\n${JSON.stringify(spec.left.problems)}`)
}

describe("a first spec", () => {
  for (const [what, first] of firsts) {
    it(`${what} is valid as it is, names its schema, and fits 80 columns`, () => {
      const text = writeFirst(first)
      assert.strictEqual(text.split("\n")[0], "# yaml-language-server: $schema=./fabrik.schema.json")
      assert.strictEqual(read(text).name, "shop")
      for (const line of text.split("\n")) assert.isAtMost(line.length, 80, line)
    })

    it(`${what} is valid with all of its examples`, () => {
      const spec = read(uncomment(writeFirst(first)))
      assert.notInclude(uncomment(writeFirst(first)), "# secrets")
      if (first.domain !== "none") assert.isTrue(spec.dns.none)
    })
  }
})
