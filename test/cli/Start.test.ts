/** What the process says outside of any command, with a secret in it. */
import { SystemError } from "@effect/platform/Error"
import { it } from "@effect/vitest"
import { assert, describe } from "vitest"
import { startHere } from "../support/InThisProcess.ts"

const token = "1|t0p-s3cret-t0ken"

const begin = () => {
  // Names of files and folders are the one thing that the last words repeat.
  const { output: written, ...started } = startHere(
    ["apply", `${token}.yaml`, "--sandbox", "--sandbox-dir", token],
    { env: { COOLIFY_TOKEN: token, FABRIK_DEBUG: "1" } }
  )
  return { started, written }
}

describe("no secret is in", () => {
  it("what is said of a file that is not there", async () => {
    const { started, written } = begin()
    assert.strictEqual(await started.done, 4)
    assert.include(written.err, "[redacted].yaml")
    assert.notInclude(written.err, "t0p")
  })

  it("the words at the second signal", async () => {
    const { started } = begin()
    assert.match(started.abandon(), /^ {2}Next: fabrik recover --sandbox --sandbox-dir '\[redacted\]'$/m)
    await started.done
  })

  it("the words about an error that nobody caught", async () => {
    const { started } = begin()
    const words = started.crashed(new Error(`bad header: Bearer ${token}, ${encodeURIComponent(token)}`))
    assert.include(
      words.replace(/\s+/g, " "),
      "unexpected error: Error: bad header: Bearer [redacted], [redacted]"
    )
    assert.include(words, "Start.test.ts")
    assert.notInclude(words, "t0p")
    await started.done
  })

  it("the words about a disk that is full, which is no fault of fabrik's", async () => {
    const { started } = begin()
    const words = started.crashed(
      new SystemError({
        module: "FileSystem",
        method: "writeFile",
        reason: "Unknown",
        pathOrDescriptor: `/srv/${token}/key`,
        description: "ENOSPC: no space left on device, write"
      })
    )
    assert.include(
      words.replace(/\s+/g, " "),
      "/srv/[redacted]/key cannot be used: ENOSPC: no space left on device, write"
    )
    assert.include(words, "Next: See to the disk")
    assert.notInclude(words, "t0p")
    await started.done
  })
})
