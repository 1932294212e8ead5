/** What runs right now, folded from a run's events: the step, and below it a row for each thing that it is about. */
import type { DeploymentEvent, Emitted, Step } from "../../engine/DeploymentEvent.ts"
import type { Plan } from "../../engine/Plan.ts"
import { clean } from "../Sanitize.ts"
import { stepTitle } from "../StepTitle.ts"
import { buildLine, waitOf } from "./Wait.ts"

export interface Row {
  /** `#4` for a change, by its id; what else is waited for has a key of its own. */
  readonly key: string
  /** The resource, as events have it. */
  readonly address: string | undefined
  readonly what: string
  readonly state: "coming" | "running" | "done" | "failed"
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly ended: number | undefined
  /** What it waits for, or how it ended: the last word of it. */
  readonly word: string
  /** Stands behind the word, however short the line. */
  readonly tail: string
  /** Until when that lasts at most; milliseconds since the epoch. */
  readonly deadline: number | undefined
  /** After that there is nothing to tell of it; milliseconds since the epoch. */
  readonly until: number | undefined
}

export interface Tree {
  /** Empty: between two steps. */
  readonly title: string
  /** What is done while there is no row. Empty: nothing that would have to be told. */
  readonly about: string
  readonly since: number
  readonly rows: ReadonlyArray<Row>
  /** The steps that follow this one. */
  readonly next: ReadonlyArray<Step>
  /** What the plan says that will be made or changed before the deployment, by address. */
  readonly planned: ReadonlyArray<readonly [address: string, what: string]>
  /** The main domain of the application. */
  readonly domain: string
}

export const noTree: Tree = { title: "", about: "", since: 0, rows: [], next: [], planned: [], domain: "" }

/** Of more rows the oldest that are done are forgotten. */
const mostRows = 300

/** What a step is about while there is nothing else to tell. */
const abouts: Readonly<Record<Extract<DeploymentEvent, { _tag: "StepStarted" }>["step"], string>> = {
  validate: "reading the spec",
  secrets: "looking for the secrets",
  provision: "comparing with Coolify and DNS",
  deploy: "waiting for Coolify",
  verify: "checking that it answers and stays up",
  delete: "waiting for Coolify and DNS",
  start: "waiting for Coolify",
  stop: "waiting until its container is down",
  restart: "waiting for Coolify"
}

const undone = {
  removed: "removed again",
  restored: "restored",
  cancelled: "cancelled",
  nothing: "as it was"
}

/** A change is known by its id; a deletion, which has no way back and so no id, by its address. */
const keyOf = ({ address, id }: { readonly address?: string; readonly id?: number }): string =>
  id === undefined ? (address ?? "") : `#${id}`

/** Each of these begins as a change of its own while it is provisioned, under the name that the plan has. */
const provisioned = new Set(["project", "database", "application", "record"])

const plannedOf = ({ changes }: Plan): Tree["planned"] =>
  changes
    .filter(({ action, kind }) => provisioned.has(kind) && action !== "unchanged" && action !== "delete")
    .slice(0, mostRows)
    .map(({ kind, name, system }) => [`${system}/${kind} ${name}`, `${kind} ${name}`])

/** The state with one event more. */
export const grow = (tree: Tree, { at, event }: Emitted): Tree => {
  const begun = (title: string, about: string, next: Tree["next"] = []): Tree => ({
    ...tree,
    title,
    about,
    since: at,
    rows: [],
    next
  })
  switch (event._tag) {
    case "RunStarted":
      return { ...begun("", "looking at what is there"), domain: clean(event.domain ?? "") }
    case "StepStarted":
      return {
        ...begun(stepTitle(event.step), abouts[event.step], event.next),
        rows: event.step === "provision" ? tree.planned.map((one) => coming(one, at)) : []
      }
    case "StepFinished":
      return begun("", event.step === "secrets" ? "comparing the spec with what is there" : "", tree.next)
    case "Planned":
      return { ...begun("", ""), planned: plannedOf(event.plan) }
    // The step has failed, and is told as that.
    case "LogTails":
      return begun("", "")
    case "StateChanged":
      if (event.to === "ROLLING_BACK") return begun("Rolling back", "looking at what is there")
      return ["COMPLETE", "FAILED", "ROLLED_BACK"].includes(event.to) ? begun("", "") : tree
    case "RunFinished":
      return noTree
    case "ChangeStarted":
      return put(tree, { ...started(keyOf(event), event.what, at), address: event.address })
    case "ChangeFinished":
      return change(tree, keyOf(event), ended(event.made ? "done" : "failed", at))
    case "ResourceChanged":
      return event.address === undefined
        ? tree
        : change(tree, event.address, { ...ended("done", at), word: event.action })
    case "UndoStarted":
      return put(tree, { ...started(keyOf(event), event.what, at), address: event.address })
    case "UndoFinished":
      return change(tree, keyOf(event), { ...ended("done", at), word: undone[event.how] })
    case "UndoFailed":
      return change(tree, keyOf(event), { ...ended("failed", at), word: clean(event.leftover.why) })
    case "DeploymentLog": {
      const word = buildLine(event.text)
      const row = current(tree)
      return row === undefined || word === undefined ? tree : change(tree, row.key, { word, tail: "" })
    }
    case "ChangeProgress": {
      const row = current(tree)
      const word = `${clean(event.what)}: ${event.done} of ${event.total}`
      return row === undefined ? tree : change(tree, row.key, { word })
    }
    case "ApiBack":
      return { ...tree, rows: tree.rows.filter(({ key }) => key !== "api") }
    case "Verified":
    case "SeenRunning":
      return change(tree, "settling", ended("done", at))
    default:
      return waited(tree, at, event)
  }
}

/** What is waited for belongs to the row of its resource, where there is one. */
const waited = (tree: Tree, at: number, event: DeploymentEvent): Tree => {
  const wait = waitOf(event, at, tree.domain)
  if (wait === undefined) return tree
  const { address, done, failed = false, joins = false, key, what, ...said } = wait
  const own = tree.rows.find((one) => one.key === key)
  const row =
    address !== undefined
      ? tree.rows.findLast((one) => one.address === address)
      : joins && own?.state !== "running"
        ? current(tree)
        : own
  const state = failed ? "failed" : done ? "done" : "running"
  const now = state === "running" ? ({ state, ended: undefined } as const) : ended(state, at)
  return row === undefined
    ? put(tree, { ...started(key, what, at), address, ...said, ...now })
    : change(tree, row.key, { ...said, ...now, ...(said.until === undefined ? {} : { since: at }) })
}

const started = (key: string, what: string, at: number): Row => ({
  key,
  address: undefined,
  what: clean(what),
  state: "running",
  since: at,
  ended: undefined,
  word: "",
  tail: "",
  deadline: undefined,
  until: undefined
})

const ended = (state: "done" | "failed", at: number) =>
  ({ state, ended: at, tail: "", deadline: undefined }) as const

/** The newest thing that is under way. */
const current = ({ rows }: Tree): Row | undefined =>
  rows.findLast(({ state, until }) => state === "running" && until === undefined)

/** A change that the plan has said. */
const coming = ([address, what]: Tree["planned"][number], at: number): Row => ({
  ...started(address, what, at),
  address,
  state: "coming"
})

const put = (tree: Tree, row: Row): Tree => {
  const said = tree.rows.find(({ address, state }) => state === "coming" && address === row.address)
  if (said !== undefined) return { ...tree, rows: tree.rows.map((one) => (one === said ? row : one)) }
  const rows = [...tree.rows.filter(({ key }) => key !== row.key), row]
  if (rows.length <= mostRows) return { ...tree, rows }
  const oldest = rows.find(({ state }) => state === "done") ?? rows[0]
  return { ...tree, rows: rows.filter((one) => one !== oldest) }
}

const change = (tree: Tree, key: string, to: Partial<Row>): Tree => ({
  ...tree,
  rows: tree.rows.map((row) => (row.key === key ? { ...row, ...to } : row))
})

/** What is to be seen of it at a time. */
export const rowsAt = ({ rows }: Tree, now: number): ReadonlyArray<Row> =>
  rows.filter(({ until }) => until === undefined || now <= until)
