/** Shows an address in the browser of whoever is at the terminal. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"

interface Opener {
  readonly program: string
  readonly before: ReadonlyArray<string>
}

const set = (name: string) =>
  Config.option(Config.nonEmptyString(name)).pipe(
    Effect.map(Option.getOrUndefined),
    Effect.orElseSucceed(() => undefined)
  )

/** `BROWSER`, else what the system has for it; `undefined`: nothing here shows pages, as on a server. */
const findOpener: Effect.Effect<Opener | undefined> = Effect.gen(function* () {
  const browser = yield* set("BROWSER")
  if (browser !== undefined) return { program: browser, before: [] }
  if (process.platform === "darwin") return { program: "open", before: [] }
  if (process.platform === "win32") return { program: "rundll32", before: ["url.dll,FileProtocolHandler"] }
  const display = (yield* set("WAYLAND_DISPLAY")) ?? (yield* set("DISPLAY"))
  return display === undefined ? undefined : { program: "xdg-open", before: [] }
})

/** A browser that is started stays with its opener: one that has not failed by then is taken to have it. */
const patience = "3 seconds"

/**
 * Opens an `http` or `https` address. No shell reads it.
 * @returns why it was not opened; `undefined`: an opener took it.
 */
export const openUrl = Effect.fn("openUrl")(function* (address: string) {
  const { href, protocol } = new URL(address)
  if (protocol !== "https:" && protocol !== "http:") return "it is no address of a page"
  const opener = yield* findOpener
  if (opener === undefined) return "nothing here opens pages (BROWSER names a program that does)"
  const { before, program } = opener
  const started = Effect.async<string | undefined>((resume) => {
    const child = spawn(program, [...before, href], { stdio: "ignore", detached: true })
    child.once("error", ({ message }) =>
      resume(Effect.succeed(`${program} could not be started: ${message}`))
    )
    child.once("exit", (code) =>
      resume(Effect.succeed(code === 0 ? undefined : `${program} ended with ${code ?? "a signal"}`))
    )
    child.unref()
  })
  return yield* started.pipe(
    Effect.timeoutTo({ duration: patience, onSuccess: (said) => said, onTimeout: () => undefined })
  )
})
