import type { Marked } from "../orchestrator/Scan.ts"
import { wrap } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"

const hints: { readonly [S in Marked["state"]]: string } = {
  "in use": "",
  "never deployed": "`fabrik apply` of its spec brings it up, `fabrik destroy` removes it",
  "beside another": "`fabrik apply` of its spec keeps one and removes the other",
  alone: "of another Coolify or owner, or left over: `fabrik destroy` of its spec removes it",
  "not ours": "it carries another owner's mark, or was renamed or moved"
}

/** Everything that carries the mark, what wants attention first, and what to do about that. */
export const renderScan = (found: ReadonlyArray<Marked>, style: Style): ReadonlyArray<string> =>
  [...found]
    .toSorted((a, b) => Number(a.state === "in use") - Number(b.state === "in use"))
    .flatMap(({ id, kind, name, place, run, state }) => {
      const where = place === "" ? "" : ` in ${place}`
      const line = clean(`${kind} ${name}${where}: ${state} (run ${run}${id === null ? "" : `, ${id}`})`)
      const [first = "", ...rest] = wrap(line, style.columns, "")
      return [
        state === "in use" ? first : style.yellow(first),
        ...rest.map((more) => `    ${more}`),
        ...(hints[state] === "" ? [] : wrap(hints[state], style.columns, "    "))
      ]
    })
