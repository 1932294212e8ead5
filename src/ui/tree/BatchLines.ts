/** Several runs at once: a live row for each that is under way, and how many there are of the others. */
import { count } from "../Layout.ts"
import { lineOf, type Look, moreLine, nameWidth } from "./Lines.ts"
import { rowsAt, type Tree } from "./Tree.ts"

export interface Member {
  readonly label: string
  /** Of several processes: the spec that they are of. */
  readonly group: string | undefined
  readonly tree: Tree
  readonly state: "waiting" | "busy" | "done" | "failed"
  /** When its command began; milliseconds since the epoch. */
  readonly since: number
}

/** What is said of one in a row: its step, and the last word of what it does. */
const rowOf = (member: Member, head: string, width: number, look: Look): string => {
  const { tree } = member
  const rows = rowsAt(tree, look.now)
  const running = rows.filter(({ state }) => state === "running")
  const row = running.findLast(({ until, word }) => word !== "" && until === undefined) ?? running.at(-1)
  const step = tree.title.replace(/^\[(\d)\/\d\] /u, "$1 ")
  // Of the deployment its step has told already.
  const what = row?.key === "deployment" ? "" : row?.what
  const said =
    row === undefined ? tree.about : [what, row.word].filter((one) => one !== "").join(": ") || row.what
  return lineOf(
    {
      head,
      mark: "running",
      name: member.label,
      word: [step, said].filter((one) => one !== "").join("  "),
      tail: row?.tail ?? "",
      deadline: row?.deadline,
      since: tree.since
    },
    width,
    look
  )
}

export const batchLines = (members: ReadonlyArray<Member>, look: Look): ReadonlyArray<string> => {
  const busy = members.filter(({ state }) => state === "busy")
  if (busy.length === 0) return []
  const names = busy.map(({ group, label }) => (group === undefined ? label : `  ${label}`))
  const width = nameWidth(names, 2, look)
  const lines = busy.flatMap((member, index) => {
    const { group } = member
    if (group === undefined) return [rowOf(member, "", width, look)]
    const isFirst = busy.findIndex((one) => one.group === group) === index
    const row = rowOf(member, "  ", Math.max(0, width - 2), look)
    return isFirst ? [headOf(group, members, look), row] : [row]
  })
  const most = Math.max(look.window.rows - 3, 3)
  const shown = lines.length <= most ? lines : lines.slice(0, most - 1)
  return [...shown, ...moreLine(lines.length - shown.length, "", look.style), totals(members, look)]
}

const headOf = (group: string, members: ReadonlyArray<Member>, look: Look): string => {
  const own = members.filter((member) => member.group === group)
  const done = own.filter(({ state }) => state === "done").length
  return lineOf(
    {
      head: "",
      name: group,
      word: `${done} of ${count(own.length, "process", "processes")} done`,
      since: undefined
    },
    0,
    look
  )
}

/** `3 of 10 done, 1 failed, 4 wait`. */
const totals = (members: ReadonlyArray<Member>, look: Look): string => {
  const of = (state: Member["state"]) => members.filter((one) => one.state === state).length
  const [failed, waiting] = [of("failed"), of("waiting")]
  const parts = [
    `${of("done")} of ${members.length} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : [])
  ]
  const since = Math.min(...members.map((member) => member.since))
  return lineOf({ head: "", name: "", word: parts.join(", "), since }, 0, look)
}
