/** Before all test files: a folder for the build of this run, which {@link ./Built.ts} fills when a file first asks for it. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    readonly buildFolder: string
  }
}

export default ({ provide }: TestProject) => {
  const folder = mkdtempSync(join(tmpdir(), "fabrik-build-"))
  provide("buildFolder", folder)
  return () => rmSync(folder, { recursive: true, force: true })
}
