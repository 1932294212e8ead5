/** A command that has said nothing yet is shown to be at it: somebody waits for it. */
import type { LiveRegion } from "../ui/LiveRegion.ts"

/** Milliseconds in which most have said something. */
const unnoticed = 250

/**
 * Shows a line with the seconds that went by, from a quarter of a second on, until something else is written or shown.
 * The result ends it.
 */
export const showWorking = (
  region: Pick<LiveRegion, "show" | "isUsed">,
  { dim, ellipsis }: { readonly dim: (text: string) => string; readonly ellipsis: string }
): (() => void) => {
  let ticks = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const tick = () => {
    timer = undefined
    if (region.isUsed()) return
    region.show([dim(`working${ellipsis}${ticks === 0 ? "" : ` ${ticks} s`}`)], true)
    ticks += 1
    timer = setTimeout(tick, ticks === 1 ? 1000 - unnoticed : 1000)
    timer.unref()
  }
  timer = setTimeout(tick, unnoticed)
  timer.unref()
  return () => clearTimeout(timer)
}
