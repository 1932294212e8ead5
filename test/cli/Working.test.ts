/** A command that says nothing for a while, on a terminal. */
import { afterEach, assert, beforeEach, describe, it, vi } from "vitest"
import { showWorking } from "../../src/cli/Working.ts"
import { makeLiveRegion } from "../../src/ui/LiveRegion.ts"
import { plainStyle } from "../../src/ui/Style.ts"
import { makeTerminal } from "../support/Terminal.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const begun = () => {
  const terminal = makeTerminal({ columns: 40, rows: 10 })
  const region = makeLiveRegion(terminal.write, () => 40)
  const stop = showWorking(region, plainStyle)
  return { region, stop, seen: () => terminal.everything() }
}

describe("a command that has said nothing yet", () => {
  it("is shown to be at it within 300 ms, with the seconds that went by", () => {
    const { seen } = begun()
    vi.advanceTimersByTime(200)
    assert.deepStrictEqual(seen(), [])
    vi.advanceTimersByTime(100)
    assert.deepStrictEqual(seen(), ["working…"])
    vi.advanceTimersByTime(2000)
    assert.deepStrictEqual(seen(), ["working… 2 s"])
  })

  it("is no more once it says anything, or a view shows what it does", () => {
    for (const isWritten of [true, false]) {
      const { region, seen } = begun()
      vi.advanceTimersByTime(1500)
      if (isWritten) region.write("a line\n")
      else region.show(["what runs"])
      vi.advanceTimersByTime(5000)
      assert.deepStrictEqual(seen(), [isWritten ? "a line" : "what runs"])
    }
  })

  it("leaves nothing behind when it ends", () => {
    const { region, seen, stop } = begun()
    vi.advanceTimersByTime(1500)
    stop()
    region.show([])
    vi.advanceTimersByTime(5000)
    assert.deepStrictEqual(seen(), [])
  })
})
