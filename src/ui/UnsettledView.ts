import type { Unsettled } from "../engine/JournalEntry.ts"
import { count, wrap } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"

interface Standing {
  /** What the run says of itself: it is still under way. */
  readonly holder?: string | undefined
  /** How another run has changed the application since. */
  readonly overtaken?: string | undefined
  /** Why that could not be looked at. */
  readonly unseen?: string | undefined
}

/** What a run has left open, and what `recover` would do about it. */
export const renderUnsettled = (
  { begun, changes, decision, unanswered }: Unsettled,
  rollsBack: boolean,
  { holder, overtaken, unseen }: Standing,
  style: Style
): ReadonlyArray<string> => {
  const { at, command, file, run } = begun
  const open = changes.filter(({ undone }) => !undone)
  const then =
    holder !== undefined
      ? `it is still under way: ${clean(holder)}; recover leaves it alone`
      : overtaken !== undefined
        ? `${clean(overtaken)}; recover closes its journal, and leaves the application as it is`
        : decision === "committed" || decision === "closed"
          ? "it had succeeded: only its journal is to be removed"
          : rollsBack
            ? "recover puts everything back"
            : "recover goes on with it, recover --rollback puts everything back"
  return [
    style.bold(`fabrik ${clean(command)} ${clean(file)}`),
    ...wrap(`run ${clean(run)}, since ${new Date(at).toISOString()}`, style.columns, "  "),
    ...wrap(`${count(open.length, "change")} still open`, style.columns, "  "),
    ...open.flatMap(({ what }) => wrap(clean(what), style.columns, "  - ")),
    ...unanswered.flatMap(({ what }) => wrap(clean(`no answer came: ${what}`), style.columns, "  ? ")),
    ...wrap(then, style.columns, "  "),
    ...(unseen === undefined
      ? []
      : wrap(`not known whether another run has changed it since: ${clean(unseen)}`, style.columns, "  "))
  ]
}
