/** What is shipped: how large it is, what of other people's is in it, and that it says so. */
import { build } from "esbuild"
import { execFile } from "node:child_process"
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { commit, version } from "../../src/cli/Version.ts"
import { builtFabrik } from "../support/Built.ts"
import { startHere } from "../support/InThisProcess.ts"

const root = join(import.meta.dirname, "../..")
const json = (file: string) => JSON.parse(readFileSync(file, "utf8"))

interface Component {
  readonly "bom-ref": string
  readonly group?: string
  readonly name: string
  readonly version: string
  readonly licenses: ReadonlyArray<{ readonly license: { readonly id: string } }>
  readonly purl: string
}

describe("the package", () => {
  const folder = mkdtempSync(join(tmpdir(), "fabrik-package-"))
  let dist = ""
  beforeAll(() => {
    dist = dirname(builtFabrik())
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it("names each package of which something is bundled, once, with its licence and the text of it", async () => {
    // Asked anew, and of the modules themselves: whatever esbuild reads under a node_modules is somebody else's.
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ["src/main.ts"],
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      outdir: "nowhere",
      write: false,
      metafile: true,
      minifySyntax: true,
      logLevel: "silent"
    })
    const bundled = new Map<string, string>()
    for (const { inputs } of Object.values(metafile.outputs)) {
      for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
        const at = file.lastIndexOf("node_modules/")
        if (at === -1 || bytesInOutput === 0) continue
        const [first = "", second = ""] = file.slice(at + "node_modules/".length).split("/")
        const name = first.startsWith("@") ? `${first}/${second}` : first
        const packed = json(join(root, file.slice(0, at), "node_modules", name, "package.json"))
        bundled.set(`${name} ${packed.version}`, packed.license)
      }
    }
    assert.isAbove(bundled.size, 10)
    const bom = json(join(dist, "sbom.cdx.json"))
    assert.include(bom, { bomFormat: "CycloneDX", specVersion: "1.6" })
    assert.include(bom.metadata.component, { name: "fabrik", version, purl: `pkg:npm/fabrik@${version}` })
    const components: ReadonlyArray<Component> = bom.components
    const told = components.map((one): readonly [string, string | undefined] => [
      `${one.group === undefined ? "" : `${one.group}/`}${one.name} ${one.version}`,
      one.licenses[0]?.license.id
    ])
    const known: ReadonlyArray<readonly [string, string | undefined]> = [...bundled]
    assert.deepStrictEqual(told.toSorted(), known.toSorted())
    assert.deepStrictEqual(
      bom.dependencies[0].dependsOn,
      components.map(({ purl }) => purl)
    )
    const texts = readFileSync(join(dist, "THIRD_PARTY_LICENSES.txt"), "utf8")
    for (const [name, license] of bundled) assert.include(texts, `\n${name} (${license})\n`)
    // A text for each, and no heading without one.
    for (const section of texts.split(/^=+\n(?:.+\n)+=+$/m).slice(1)) assert.match(section, /copyright/i)
  })

  it("is under 2 MB, and needs nothing else to be installed", async () => {
    const manifest = json(join(root, "package.json"))
    for (const key of ["dependencies", "peerDependencies", "optionalDependencies", "bundledDependencies"]) {
      assert.notProperty(manifest, key)
    }
    for (const name of ["package.json", "README.md", "LICENSE"]) cpSync(join(root, name), join(folder, name))
    cpSync(dist, join(folder, "dist"), { recursive: true })
    const args = ["pack", "--json", "--ignore-scripts", "--offline", "--cache", join(folder, "cache")]
    const { stdout } = await promisify(execFile)("npm", args, { cwd: folder })
    const [packed] = JSON.parse(stdout)
    assert.isBelow(packed.size, 2_000_000)
    const files: ReadonlyArray<string> = packed.files.map(({ path }: { readonly path: string }) => path)
    for (const file of [
      "dist/fabrik.js",
      "dist/sbom.cdx.json",
      "dist/THIRD_PARTY_LICENSES.txt",
      "dist/fabrik.1"
    ]) {
      assert.include(files, file)
    }
    assert.strictEqual(
      files.filter((file) => file.startsWith("dist/chunks/")).length,
      readdirSync(join(dist, "chunks")).length
    )
  })
})

describe("fabrik version", () => {
  const dir = mkdtempSync(join(tmpdir(), "fabrik-version-"))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  const run = async (...args: ReadonlyArray<string>) => {
    const { done, output } = startHere(["version", ...args])
    return { code: await done, ...output }
  }

  it("tells of fabrik, Node, the system, and of the Coolify that is named", async () => {
    const own = JSON.parse((await run("--json")).out)
    assert.include(own, { type: "Version", fabrik: version, node: process.versions.node, coolify: null })
    assert.strictEqual(own.commit, commit ?? null)
    const { coolify } = JSON.parse((await run("--json", "--sandbox", "--sandbox-dir", dir)).out)
    assert.match(coolify.version, /^4\.\d+\.\d+/)
    const { code, out } = await run()
    assert.strictEqual(code, 0)
    assert.match(out, /^fabrik {3}0\.\d+\.\d+.*\nNode {5}\d+.*\nsystem {3}.*\nCoolify {2}none is named\n$/)
  })

  it("tells of itself even where Coolify cannot be asked, and fails", async () => {
    const { done, output } = startHere(["version"], {
      env: { COOLIFY_ENDPOINT: "https://coolify.example.com" }
    })
    assert.notStrictEqual(await done, 0)
    assert.match(output.out, /^fabrik .*\nCoolify {2}does not tell\n$/s)
  })
})
