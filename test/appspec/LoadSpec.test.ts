import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { fileURLToPath } from "node:url"
import { loadSpecs, loadWhole } from "../../src/appspec/LoadSpec.ts"
import { maxSpecBytes } from "../../src/appspec/ParseSpec.ts"
import { SpecError } from "../../src/appspec/SpecError.ts"

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url))

const message = (path: string) => Effect.map(Effect.flip(loadSpecs(path)), (error) => error.message)

/** A folder with one file in it. */
const withFile = Effect.fnUntraced(function* (content: Uint8Array | string) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const file = `${folder}/spec.yaml`
  yield* fs.writeFile(file, Buffer.from(content))
  return { folder, file, fs }
})

describe("loadSpec", () => {
  it.effect.each([
    "test-api.yaml",
    "static-image.yaml",
    "git-app.yaml",
    "old-form.yaml",
    "settings.yaml",
    "worker.yaml",
    "two-hosts.yaml",
    "redirect.yaml",
    "files.yaml"
  ])("loads %s", (name) =>
    Effect.gen(function* () {
      const [spec] = yield* loadSpecs(fixture(name))
      assert.strictEqual(`${spec.name}.yaml`, name)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("names the file as it was given, and the place in it", () =>
    Effect.gen(function* () {
      const { file } = yield* withFile("name: a\ndomain: a.example.com\ntemplate: node-api\nprot: 1\n")
      const odd = file.replace("/spec.yaml", "/../.") + file.slice(file.lastIndexOf("/", file.length - 11))
      const error = yield* Effect.flip(loadSpecs(odd))
      assert.instanceOf(error, SpecError)
      assert.strictEqual(error.file, odd)
      assert.strictEqual(error.message, `${odd}:4:1: unknown key \`prot\`\n    did you mean \`port\`?`)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("says what is wrong with a file that cannot be read", () =>
    Effect.gen(function* () {
      const { folder, file } = yield* withFile("")
      assert.strictEqual(
        yield* message(`${folder}/no.yaml`),
        `${folder}/no.yaml: there is no such file\n    check the path`
      )
      assert.strictEqual(
        yield* message(folder),
        `${folder}: a folder, not a file\n    name the spec inside it`
      )
      assert.strictEqual(
        yield* message(`${file}/x`),
        `${file}/x: there is no such file\n    a part of its path is not a folder`
      )
      assert.strictEqual(yield* message("/dev/null"), "/dev/null: a device, not a file")
      assert.match(yield* message(file), /spec\.yaml:1:1: the file is empty\n/)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("takes a byte order mark and Windows line ends", () =>
    Effect.gen(function* () {
      const { file } = yield* withFile("\uFEFFname: a\r\ndomain: a.example.com\r\ntemplate: node-api\r\n")
      assert.strictEqual((yield* loadSpecs(file))[0].port, 3000)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped.each([
    ["a wrong byte", [0x6e, 0x61, 0xff]],
    ["UTF-16", [0xff, 0xfe, 0x6e, 0x00]],
    ["a surrogate", [0xed, 0xa0, 0x80]]
  ] as const)("refuses %s", ([, bytes]) =>
    Effect.gen(function* () {
      const { file } = yield* withFile(Uint8Array.from(bytes))
      assert.match(yield* message(file), /the file is not UTF-8 text\n {4}save it as UTF-8$/)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  const notOpened = (type: FileSystem.File.Type, size: number) =>
    FileSystem.layerNoop({
      stat: () =>
        Effect.map(
          Effect.provide(
            Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(fixture("test-api.yaml"))),
            NodeFileSystem.layer
          ),
          (info) => ({
            ...info,
            type,
            size: FileSystem.Size(size)
          })
        ),
      open: () => Effect.die("opened"),
      readFile: () => Effect.die("read")
    })

  it.effect("does not open a file that is too large, nor a device", () =>
    Effect.gen(function* () {
      const large = yield* message("big.yaml").pipe(Effect.provide(notOpened("File", maxSpecBytes + 1)))
      assert.match(large, /^big\.yaml: the file is larger than 64 KiB/)
      const device = yield* message("zero").pipe(Effect.provide(notOpened("CharacterDevice", 0)))
      assert.strictEqual(device, "zero: a device, not a file")
    })
  )

  it.scoped("reads no more than the limit of a file that grew meanwhile", () =>
    Effect.gen(function* () {
      const { file, fs } = yield* withFile("x".repeat(maxSpecBytes * 2))
      const small = {
        ...fs,
        stat: (path: string) => Effect.map(fs.stat(path), (info) => ({ ...info, size: FileSystem.Size(1) }))
      }
      const text = yield* message(file).pipe(Effect.provideService(FileSystem.FileSystem, small))
      assert.match(text, /the file is larger than 64 KiB/)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("says so when reading is not allowed", () =>
    Effect.gen(function* () {
      const { file, fs } = yield* withFile("name: a")
      yield* fs.chmod(file, 0o000)
      // The superuser may read it all the same.
      const readable = yield* Effect.isSuccess(fs.readFile(file))
      const text = yield* message(file)
      assert.match(text, readable ? /`domain` is missing/ : /no permission to read the file/)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})

describe("the files beside a spec", () => {
  const spec = (name: string) =>
    `name: a\ndomain: a.example.com\nsource: { image: nginx }\nport: 80\nfiles:\n  /etc/a: ${name}\n`

  it.scoped("are read from its folder, wherever that is, and through links that stay in it", () =>
    Effect.gen(function* () {
      const { file, folder, fs } = yield* withFile(spec("sub/link.conf"))
      yield* fs.makeDirectory(`${folder}/sub`)
      yield* fs.writeFileString(`${folder}/app.conf`, "a=${HOME}\n")
      yield* fs.symlink("../app.conf", `${folder}/sub/link.conf`)
      const [found] = (yield* loadWhole(file))[0].files ?? []
      assert.strictEqual(found?.content && Redacted.value(found.content), "a=${HOME}")
      assert.isUndefined((yield* loadSpecs(file))[0].files?.[0]?.content)
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  const problems: ReadonlyArray<readonly [name: string, message: string]> = [
    ["missing", "there is no such file"],
    ["folder", "is a folder"],
    [".", "is a folder"],
    ["binary", "is not UTF-8 text"],
    ["large", "is larger than 64 KiB"],
    ["outside", "leads out of the spec's folder"],
    ["large/x", "there is no such file"]
  ]
  it.scoped.each(problems)("%s: %s, at its place", ([name, message]) =>
    Effect.gen(function* () {
      const { file, folder, fs } = yield* withFile(spec(name))
      yield* fs.makeDirectory(`${folder}/folder`)
      yield* fs.writeFile(`${folder}/binary`, new Uint8Array([0xff, 0xfe, 0]))
      yield* fs.writeFileString(`${folder}/large`, "\u00e9".repeat(40_000))
      yield* fs.symlink("/etc/hostname", `${folder}/outside`)
      const { problems } = yield* Effect.flip(loadWhole(file))
      assert.strictEqual(problems.length, 1)
      assert.include(problems[0]?.message, message)
      assert.deepInclude(problems[0], { line: 6, column: 11, path: "files./etc/a" })
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})
