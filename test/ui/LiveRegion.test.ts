/** What a person sees of lines that are written anew in place. */
import { assert, describe, it } from "vitest"
import * as Redacted from "effect/Redacted"
import { makeLiveRegion } from "../../src/ui/LiveRegion.ts"
import { makeRedactor } from "../../src/ui/Redactor.ts"
import { makeTerminal } from "../support/Terminal.ts"

const onTerminal = (columns = 40, rows = 8) => {
  let width = columns
  const terminal = makeTerminal({ columns, rows })
  const writes: Array<string> = []
  const region = makeLiveRegion(
    (text) => {
      writes.push(text)
      terminal.write(text)
    },
    () => width
  )
  const resize = (columns: number) => {
    width = columns
    terminal.resize({ columns, rows })
  }
  return { region, resize, terminal, writes, seen: () => terminal.everything() }
}

describe("the live region of a terminal", () => {
  it("is written over in place, each frame as one write, and the same again as none", () => {
    const { region, seen, writes } = onTerminal()
    region.write("above\n")
    region.show(["one", "two", "three"])
    region.show(["one", "2"])
    region.show(["one", "2"])
    assert.deepStrictEqual(seen(), ["above", "one", "2"])
    assert.lengthOf(writes, 3)
    region.show([])
    assert.deepStrictEqual(seen(), ["above"])
  })

  it("is gone before another stream writes, whatever letter a secret begins with", () => {
    for (const first of ["J", "[J", "\u001b", "A", "m"]) {
      const terminal = makeTerminal({ columns: 40, rows: 8 })
      const redactor = makeRedactor()
      redactor.learn(Redacted.make(`${first}ust-a-secret-of-somebody`))
      const { flush, write } = redactor.stream((text) => terminal.write(text), undefined)
      const region = makeLiveRegion(write, () => 40)
      region.show(["one", "two", "three"])
      region.show(["one", "two", "3"])
      region.write("\nplan\n", (text) => terminal.write(text))
      flush()
      assert.deepStrictEqual(terminal.everything().slice(0, 5), ["", "plan", "one", "two", "3"], first)
    }
  })

  it("stays below what is written for good, also at the end of the window", () => {
    const { region, seen, terminal } = onTerminal(40, 5)
    for (let line = 1; line <= 9; line += 1) {
      region.show(["a", `at ${line}`])
      region.write(`line ${line}\n`)
    }
    region.show(["a", "end"])
    assert.deepStrictEqual(terminal.screen(), ["line 8", "line 9", "a", "end", ""])
    region.show([])
    assert.deepStrictEqual(
      seen(),
      Array.from({ length: 9 }, (_, index) => `line ${index + 1}`)
    )
  })

  it("brings its next lines along with what is written, and waits for the next frame after more of it", () => {
    const { region, seen, writes } = onTerminal()
    region.show(["old"])
    region.aim(["new"])
    region.write("1\n")
    assert.lengthOf(writes, 2)
    assert.deepStrictEqual(seen(), ["1", "new"])
    region.write("2\n")
    region.write("3\n")
    assert.deepStrictEqual(seen(), ["1", "2", "3"])
    region.show(["new"])
    assert.deepStrictEqual(seen(), ["1", "2", "3", "new"])
  })

  it("leaves the line of a question alone until its answer", () => {
    const { region, seen, terminal } = onTerminal()
    region.show(["running"])
    region.write("Apply? [y/N] ")
    region.show(["still running"])
    assert.deepStrictEqual(seen(), ["Apply? [y/N]"])
    terminal.write("y\n")
    region.answered()
    region.show(["on it"])
    assert.deepStrictEqual(seen(), ["Apply? [y/N] y", "on it"])
  })

  it("is written over whatever the terminal shows of a key, as of Ctrl-C", () => {
    const { region, seen, terminal } = onTerminal()
    region.show(["running"])
    terminal.write("^C")
    region.write("interrupted\n")
    region.show([])
    assert.deepStrictEqual(seen(), ["interrupted"])
  })

  it("leaves nothing behind in a window that becomes narrow, and takes nothing that stands above", () => {
    for (const columns of [39, 20, 13, 7]) {
      const { region, resize, seen } = onTerminal(40, 30)
      region.write("above\n")
      region.show(["x".repeat(39), "short", "y".repeat(30)])
      resize(columns)
      region.show(["now"])
      assert.deepStrictEqual(seen(), ["above", "now"], String(columns))
      resize(60)
      region.show(["wide"])
      assert.deepStrictEqual(seen(), ["above", "wide"])
    }
  })

  it("begins anew where others have used the terminal", () => {
    const { region, seen, terminal } = onTerminal()
    region.show(["running"])
    terminal.write("[1]+ Stopped\n$ fg\n")
    region.forget()
    region.show(["running"])
    assert.deepStrictEqual(seen(), ["running", "[1]+ Stopped", "$ fg", "running"])
  })
})
