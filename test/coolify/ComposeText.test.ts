import { assert, describe, it } from "vitest"
import { composeFile, composeMeaning } from "../../src/coolify/ComposeText.ts"

const concernsOf = (volumes: string) =>
  composeFile(`services:\n  web:\n    image: nginx:1.27\n    volumes: ${volumes}\n`)?.services[0]?.concerns

describe("a compose file", () => {
  it.each([
    ['["./conf/app.conf:/etc/app.conf"]', ["relative"]],
    ['["../shared:/shared:ro"]', ["relative"]],
    ["[{ type: bind, source: ./data, target: /data }]", ["relative"]],
    ["[{ type: bind, source: ./app.conf, target: /etc/app.conf, content: a }]", []],
    ['["data:/data", "/srv/data:/srv", ".well:/x"]', []],
    ['["/var/run/docker.sock:/var/run/docker.sock"]', ["socket"]]
  ])("that mounts %s raises %j", (volumes, concerns) => {
    assert.deepStrictEqual(concernsOf(volumes)?.map(String), concerns)
  })

  it("demands no value of what stands in a file's content, which compose never sees", () => {
    const file = composeFile(`services:
  a:
    image: x
    volumes: [{ type: bind, source: ./a, target: /a, content: "\${A?needed} $B" }]
configs: { c: { content: "\${C:?needed}" } }
`)
    assert.deepStrictEqual(
      file?.variables.map(({ isRequired, name }) => [name, isRequired]),
      [["C", true]]
    )
  })

  it("may merge a list, which is the list to Coolify", () => {
    const text = (volumes: string) =>
      `services:\n  a: { image: x, volumes: &all ["data:/data", ./conf:/conf] }\n  b: { image: x, volumes: ${volumes} }\n`
    const [merged, plain, own] = ["{ <<: *all }", "*all", '["other:/data"]'].map((one) =>
      composeMeaning(text(one))
    )
    assert.strictEqual(merged, plain)
    assert.notStrictEqual(merged, own)
  })
})
