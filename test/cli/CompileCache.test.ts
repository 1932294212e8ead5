import { it } from "@effect/vitest"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { afterEach, assert, beforeEach, describe } from "vitest"
import { cacheFolder } from "../../src/cli/CompileCache.ts"

let home = ""
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "fabrik-home-"))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const uid = process.getuid?.() ?? 0

describe("the folder of compiled code", () => {
  it("is the user's own, whatever is missing of it", () => {
    const folder = join(home, ".cache/fabrik")
    assert.strictEqual(cacheFolder({ HOME: home }, uid), folder)
    assert.strictEqual(statSync(folder).mode & 0o777, 0o700)
    assert.strictEqual(cacheFolder({ HOME: home, XDG_CACHE_HOME: "" }, uid), folder)
    assert.strictEqual(cacheFolder({ HOME: "/nowhere", XDG_CACHE_HOME: home }, uid), join(home, "fabrik"))
  })

  it("is none that others can write to or have made, and none that a link leads to", () => {
    const folder = join(home, "fabrik")
    mkdirSync(folder)
    for (const mode of [0o755, 0o770, 0o777]) {
      chmodSync(folder, mode)
      assert.isUndefined(cacheFolder({ XDG_CACHE_HOME: home }, uid))
    }
    chmodSync(folder, 0o700)
    assert.strictEqual(cacheFolder({ XDG_CACHE_HOME: home }, uid), folder)
    assert.isUndefined(cacheFolder({ XDG_CACHE_HOME: home }, uid + 1))
    const other = join(home, "other")
    mkdirSync(other)
    symlinkSync(folder, join(other, "fabrik"))
    assert.isUndefined(cacheFolder({ XDG_CACHE_HOME: other }, uid))
  })

  it("is not made in the home of somebody else, nor where there is none", () => {
    assert.isUndefined(cacheFolder({ HOME: home }, uid + 1))
    assert.isFalse(existsSync(join(home, ".cache")))
    assert.isUndefined(cacheFolder({}, uid))
    assert.isUndefined(cacheFolder({ HOME: "relative" }, uid))
    assert.isUndefined(cacheFolder({ HOME: join(home, "gone") }, uid))
    assert.isUndefined(cacheFolder({ HOME: home }, undefined))
  })
})
