/** `depends_on` of a service that becomes an application. */
import type { Cursor } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"

/** What has to be healthy, or to run, before it is what a spec needs: fabrik applies it first, and verifies it. */
export const readNeeds = (draft: Draft, service: Cursor, names: ReadonlyMap<string, string>): void => {
  const all = service.key("depends_on")
  for (const one of all.kind === "Pairs" ? all.pairs() : all.items()) {
    const isPair = all.kind === "Pairs"
    const name = names.get(isPair ? one.name : (one.peek() ?? ""))
    if (name === undefined) {
      one.leave("the file has no such service", "needs")
      continue
    }
    const condition = one.key("condition")
    if (isPair && condition.peek() === "service_completed_successfully") {
      one.leave(
        "an application does not come to an end: what is to run first is a `release` command",
        "release"
      )
      continue
    }
    draft.add("needs", name, one)
    if (!isPair) {
      one.take()
      continue
    }
    condition.needless("what a spec needs is applied first, and verified", "needs")
    one.key("required").needless("what is not applied with it is taken to be there", "needs")
    one.key("restart").leave("Coolify restarts nothing because something else was", "needs")
    one.take()
  }
}
