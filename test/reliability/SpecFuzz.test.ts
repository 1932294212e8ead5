/** Whatever text the parser is given, it answers at once, with a sound spec or with problems that can be found and mended. */
import process from "node:process"
import { setImmediate } from "node:timers/promises"
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { Dice } from "./Dice.ts"
import { hostileSpecs } from "./HostileSpecs.ts"
import { note, size } from "./Scale.ts"
import { judge } from "./SpecOracle.ts"
import { specText } from "./SpecText.ts"

const runs = size(60, 20_000)
/** A seed to play again, as a failure names it. */
const replay = process.env["FABRIK_FUZZ_SEED"]

describe("fuzzed specs", () => {
  it(`${runs} texts`, async () => {
    const seeds = replay === undefined ? Array.from({ length: runs }, (_, index) => index) : [Number(replay)]
    let accepted = 0
    for (const seed of seeds) {
      // The runner must hear of this process from time to time, or it takes it for dead.
      if (seed % 100 === 0) await setImmediate()
      const text = specText(new Dice(seed))
      try {
        if (Either.isRight(judge(text))) accepted += 1
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new Error(`FABRIK_FUZZ_SEED=${seed}: ${why}\n${JSON.stringify(text)}\n${text}`, { cause })
      }
    }
    if (replay !== undefined) return
    // Neither of the two answers is a rarity, or half of the checks would check nothing.
    assert.isAbove(accepted, runs / 10)
    assert.isBelow(accepted, runs * 0.6)
    note({ suite: "specs, fuzzed", runs, invariants: "answers, places, next steps, limits, stable" })
  }, 300_000)
})

describe("hostile specs", () => {
  const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20)

  it.each(hostileSpecs.map((spec) => [spec.what, spec] as const))("%s", (_, spec) => {
    const before = process.memoryUsage().rss
    const answer = judge(spec.text)
    assert.isBelow(megabytes(process.memoryUsage().rss - before), 256, "MB more")
    if (Either.isLeft(answer)) {
      const said = answer.left.problems.map(({ message }) => message)
      assert.isDefined(spec.refused, `refused: ${said.join("; ")}`)
      assert.isTrue(
        said.some((message) => message.includes(spec.refused ?? "")),
        said.slice(0, 5).join("; ")
      )
    } else {
      assert.isDefined(spec.accepted, "accepted")
      assert.deepStrictEqual(spec.accepted?.(answer.right), spec.equals)
    }
  })

  it("are as many as the table promises", () => {
    assert.isAtLeast(hostileSpecs.length, 120)
    note({
      suite: "specs, hostile by hand",
      runs: hostileSpecs.length,
      invariants: "refused for what is wrong, or meaning one thing"
    })
  })
})
