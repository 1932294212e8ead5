import { it } from "@effect/vitest"
import { assert, describe } from "vitest"
import { exposedPort } from "../../src/import/Folder.ts"

const cases: ReadonlyArray<readonly [string, number | undefined]> = [
  ["FROM node\nEXPOSE 3000", 3000],
  ["FROM node\nexpose 3000/tcp 4000", 3000],
  ["FROM node\nEXPOSE 53/udp 8080", 8080],
  ["FROM node AS build\nEXPOSE 1\nFROM nginx\nEXPOSE 80", 80],
  ["FROM node\nENV PORT=8080\nEXPOSE $PORT", 8080],
  ["FROM node\nARG PORT=8080 HOST=a\nEXPOSE ${PORT}", 8080],
  ["FROM node\nENV PORT 8080\nEXPOSE ${PORT:-3000}", 8080],
  ["FROM node\nEXPOSE ${PORT:-3000}", 3000],
  ["FROM node\nEXPOSE \\\n  3000", 3000],
  ["FROM node\nEXPOSE $PORT", undefined],
  ["FROM node\nEXPOSE 3000-3005", undefined],
  ["FROM node\nEXPOSE 99999", undefined],
  ["FROM node AS build\nEXPOSE 1\nFROM nginx", undefined],
  ["FROM node\n# EXPOSE 3000", undefined]
]

describe("the port that a Dockerfile exposes", () => {
  for (const [text, port] of cases) {
    it(JSON.stringify(text), () => {
      assert.strictEqual(exposedPort(text), port)
    })
  }
})
