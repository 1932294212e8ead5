// What of other people's is in the bundle, by esbuild's own account: a software bill of materials (CycloneDX) and their licences.
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"

/** `node_modules/@a/b` of a file in it, however deep; `undefined`: the file is ours. */
const folderOf = (input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]

const textsIn = async (folder) => {
  const files = (await readdir(folder))
    .filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file))
    .toSorted()
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")))
  return texts.map((text) => text.trim()).join("\n\n")
}

/** spdx.org/licenses/MIT, for whom a package names as its author. */
const mit = (author) => `MIT License

Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

/** The packages of which something stands in an output, by name and version. Fails on one whose licence is not to be found. */
export const bundledPackages = async (root, metafile) => {
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([input, { bytesInOutput }]) => (bytesInOutput > 0 ? [input] : []))
  )
  const folders = [...new Set(inputs.flatMap((input) => folderOf(input) ?? []))].toSorted()
  const packages = await Promise.all(
    folders.map(async (folder) => {
      const { author, license, name, repository, version } = JSON.parse(
        await readFile(join(root, folder, "package.json"), "utf8")
      )
      const by = typeof author === "string" ? author : author?.name
      const texts = await textsIn(join(root, folder))
      // Some say their licence in package.json alone.
      const text = texts === "" && license === "MIT" && by !== undefined ? mit(by) : texts
      if (typeof license !== "string" || text === "") {
        throw new Error(
          `${name} ${version} is bundled, and its licence (${license}) or the text of it is not in its package`
        )
      }
      const url = typeof repository === "string" ? repository : repository?.url
      return { name, version, license, url, text }
    })
  )
  return packages.toSorted((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1))
}

// Of a scope the `@` is written as %40 (package-url, type npm).
const purl = ({ name, version }) => `pkg:npm/${name.replace(/^@/, "%40")}@${version}`

/** CycloneDX 1.6 (cyclonedx.org/docs/1.6/json). Without a date and a serial number: the same bundle has the same one. */
export const sbom = (packages, fabrik) => ({
  $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  metadata: {
    component: {
      type: "application",
      "bom-ref": purl(fabrik),
      name: fabrik.name,
      version: fabrik.version,
      licenses: [{ license: { id: fabrik.license } }],
      purl: purl(fabrik)
    }
  },
  components: packages.map((one) => {
    const [, scope, name] = /^(?:(@[^/]+)\/)?(.*)$/.exec(one.name)
    const url = one.url?.replace(/^git\+/, "").replace(/^git:\/\//, "https://")
    return {
      type: "library",
      "bom-ref": purl(one),
      ...(scope === undefined ? {} : { group: scope }),
      name,
      version: one.version,
      licenses: /^[\w.-]+$/.test(one.license)
        ? [{ license: { id: one.license } }]
        : [{ expression: one.license }],
      purl: purl(one),
      ...(url?.startsWith("https://") ? { externalReferences: [{ type: "vcs", url }] } : {})
    }
  }),
  dependencies: [{ ref: purl(fabrik), dependsOn: packages.map(purl) }]
})

/** Each licence text once, with all that stand under it. */
export const licences = (packages) => {
  const texts = new Map()
  for (const one of packages) texts.set(one.text, [...(texts.get(one.text) ?? []), one])
  const line = "=".repeat(78)
  return [
    "fabrik.js and its chunks hold code of these packages, under these licences.",
    ...[...texts].map(([text, all]) =>
      [
        line,
        ...all.map(({ license, name, version }) => `${name} ${version} (${license})`),
        line,
        "",
        text
      ].join("\n")
    )
  ].join("\n\n")
}
