import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { assert, describe, expect, it } from "@effect/vitest"
import { specJsonSchema } from "../../src/appspec/JsonSchema.ts"
import { builtFabrik } from "../support/Built.ts"
import { schemaProblems, validator } from "../support/SpecSchema.ts"

const root = join(import.meta.dirname, "../..")

interface Form {
  readonly description?: string
  readonly default?: unknown
  readonly enum?: ReadonlyArray<unknown>
  readonly examples?: ReadonlyArray<unknown>
  readonly minimum?: number
  readonly maximum?: number
  readonly anyOf?: ReadonlyArray<Form>
  /** Of a source, whose `then` is the older form. */
  readonly else?: Form
  readonly properties?: Readonly<Record<string, Form>>
  readonly additionalProperties?: boolean | Form
  readonly deprecated?: boolean
}

interface Row {
  readonly key: string
  readonly form: Form
}

/** Every key of today, its form named as it is nested: `dns.ttl`. */
const rows = (form: Form, parent = ""): ReadonlyArray<Row> =>
  form.deprecated === true
    ? []
    : [
        ...[...(form.anyOf ?? []), ...(form.else?.anyOf ?? [])].flatMap((one) => rows(one, parent)),
        ...Object.entries({
          ...form.properties,
          ...(typeof form.additionalProperties === "object" ? { NAME: form.additionalProperties } : {})
        }).flatMap(([key, child]) =>
          child.deprecated === true
            ? []
            : [
                { key: `${parent}${key}`, form: child },
                // A process has the keys of a spec.
                ...(parent === "processes." ? [] : rows(child, `${parent}${key}.`))
              ]
        )
      ]

const code = (value: unknown): string => `\`${String(value)}\``
const cell = (text: string): string => text.replaceAll("|", "\\|")

/** The table of keys of docs/spec.md; what stands in several forms of a value stands there once. */
const reference = (): string => {
  const lines = [
    "| key | meaning | default |",
    "|---|---|---|",
    ...rows(specJsonSchema()).map(({ key, form }) => {
      const [meaning = "", absent] = (form.description ?? "").split(". Default: ")
      const { minimum, maximum, examples: [example] = [] } = form
      const usual = form.default ?? (key === "name" || key === "domain" ? undefined : "")
      return `| ${[
        code(key),
        cell(
          [
            meaning,
            ...(form.enum === undefined ? [] : [`: ${form.enum.map(code).join(", ")}`]),
            ...(minimum === undefined ? [] : [`, ${minimum} to ${maximum}`]),
            ...(example === undefined ? [] : [`, e.g. ${code(example).replaceAll("\n", "")}`])
          ].join("")
        ),
        absent ?? (usual === undefined ? "required" : usual === "" ? "" : code(usual))
      ].join(" | ")} |`
    })
  ]
  return [...new Set(lines)].join("\n")
}

describe("the JSON Schema", () => {
  it("is valid in its own draft, and says something of each key", () => {
    const schema = specJsonSchema()
    assert.isTrue(validator.validateSchema(schema))
    for (const { key, form } of rows(schema)) assert.isAbove((form.description ?? "").length, 5, key)
  })

  it("is printed by `fabrik schema`, and is in the package where its exports say", () => {
    const command = builtFabrik()
    const { status, stdout } = spawnSync(process.execPath, [command, "schema"], { encoding: "utf8" })
    assert.strictEqual(status, 0)
    assert.deepStrictEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(specJsonSchema())))
    const { exports, files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    const [folder, file] = exports["./schema.json"].slice("./".length).split("/")
    assert.include(files, folder)
    assert.strictEqual(readFileSync(join(dirname(command), file), "utf8"), stdout)
  })

  it.each([
    ["name: Test\n", '/name must match pattern "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"'],
    ["healthchek: {}\n", 'must NOT have additional properties {"additionalProperty":"healthchek"}'],
    ["dns: { provider: gandi }\n", "/dns/provider must be equal to one of the allowed values"],
    ["port: 70000\n", "/port must be <= 65535"],
    ["source: { image: nginx, branch: main }\n", "/source must NOT have additional properties"]
  ])("tells of %j", (more, problem) => {
    assert.include(schemaProblems(`domain: a.example.com\ntemplate: node-api\n${more}`).join("\n"), problem)
  })

  // `npx vitest run test/appspec/JsonSchema.test.ts -u` writes it anew.
  it("is what the table of keys in docs/spec.md says", async () => {
    const file = join(root, "docs/spec.md")
    const [before, , after] = readFileSync(file, "utf8").split(/(?<=<!-- keys -->\n)|(?=<!-- \/keys -->)/)
    await expect(`${before}\n${reference()}\n\n${after}`).toMatchFileSnapshot(file)
  })
})
