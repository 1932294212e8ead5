/** What a run spent its time on, from its events alone. Pure. */
import type { DeploymentEvent, Emitted } from "../../engine/DeploymentEvent.ts"
import { checked } from "../Checked.ts"
import { seconds } from "../Layout.ts"
import { stepTitle } from "../StepTitle.ts"

type Kind = "working" | "waiting"

/** Times are milliseconds since the epoch. */
export interface Segment {
  readonly from: number
  readonly to: number
  /** Whether fabrik or Coolify was at it, or it was only waited for. */
  readonly kind: Kind
  readonly says: string
  /** Its end was seen; else it is that of its step, or of what is known. */
  readonly ended: boolean
}

export interface Bar {
  readonly label: string
  readonly segments: ReadonlyArray<Segment>
}

/** A step, what lies between two, or the rollback. */
export interface Lane {
  readonly title: string
  readonly from: number
  readonly to: number
  readonly ended: boolean
  readonly bars: ReadonlyArray<Bar>
}

export interface Timeline {
  readonly from: number
  readonly to: number
  readonly lanes: ReadonlyArray<Lane>
}

interface OpenLane {
  readonly title: string
  readonly from: number
  to: number | undefined
  ended: boolean
  readonly bars: Map<string, Array<Segment>>
}

interface OpenSegment {
  readonly lane: OpenLane
  readonly label: string
  readonly from: number
  readonly kind: Kind
  readonly says: string
}

/** Shorter, nothing is to be told of what lies between two steps. Milliseconds. */
const shortestGap = 50

/** The events of one run, in their order. */
export const timelineOf = (events: ReadonlyArray<Emitted>): Timeline => {
  const lanes: Array<OpenLane> = []
  const open = new Map<string, OpenSegment>()
  const from = events[0]?.at ?? 0
  const to = events.at(-1)?.at ?? from

  const begin = (title: string, at: number): OpenLane => {
    const lane: OpenLane = { title, from: at, to: undefined, ended: false, bars: new Map() }
    lanes.push(lane)
    return lane
  }
  const draw = (lane: OpenLane, label: string, segment: Segment) => {
    lane.bars.set(label, [...(lane.bars.get(label) ?? []), segment])
  }
  const stop = (key: string, at: number, ended = true, says?: string) => {
    const one = open.get(key)
    if (one === undefined) return
    open.delete(key)
    draw(one.lane, one.label, { from: one.from, to: at, kind: one.kind, says: says ?? one.says, ended })
  }
  const start = (key: string, label: string, kind: Kind, at: number, says: string) => {
    const before = open.get(key)
    if (before?.kind === kind && before.lane === lanes.at(-1)) return
    stop(key, at)
    open.set(key, { lane: lanes.at(-1) ?? begin("Begin", at), label, from: at, kind, says })
  }
  /** Ends what is under way with its lane. */
  const close = (at: number, ended: boolean) => {
    for (const key of open.keys()) stop(key, at, false)
    const lane = lanes.at(-1)
    if (lane === undefined || lane.to !== undefined) return
    lane.to = at
    lane.ended = ended
  }

  const see = (event: DeploymentEvent, at: number): void => {
    switch (event._tag) {
      case "StepStarted": {
        const last = lanes.at(-1)
        close(at, true)
        const since = last?.to ?? from
        if (at - since >= shortestGap) {
          begin("Plan, and the answer to it", since)
          close(at, true)
        }
        begin(stepTitle(event.step), at)
        return
      }
      case "StepFinished":
        return close(at, true)
      case "StateChanged":
        if (event.to === "ROLLING_BACK") {
          close(at, false)
          begin("Rolling back", at)
        }
        return
      case "RunFinished":
        return close(at, event.outcome === "rolled-back" || event.outcome === "leftovers")
      case "ChangeStarted":
        return start(`change ${event.id ?? event.what}`, event.what, "working", at, "being changed")
      case "ChangeFinished":
        return stop(`change ${event.id}`, at, true, event.made ? "changed" : "not seen to be made")
      case "ResourceChanged":
        return stop(`change ${event.kind} ${event.name}`, at, true, event.action)
      case "DnsChecked":
      case "DatabaseChecked": {
        const { done, text } = checked(event)
        const label = event._tag === "DnsChecked" ? `name servers of ${event.name}` : `database ${event.name}`
        if (!done) return start(label, label, "waiting", at, text)
        return stop(label, at)
      }
      case "DeploymentProgress": {
        const key = `deployment ${event.deployment}`
        if (event.status === "queued") return start(key, "deployment", "waiting", at, "in Coolify's queue")
        if (event.status === "in_progress") {
          return start(key, "deployment", "working", at, "Coolify builds and starts it")
        }
        // Between two looks it may have been built.
        const isUnseen = open.get(key)?.kind === "waiting"
        return stop(
          key,
          at,
          true,
          isUnseen ? `queued when it was looked at, then ${event.status}` : event.status
        )
      }
      case "HealthAttempted": {
        const label = `answer ${event.stage === "origin" ? "at the server itself" : "by name"}${event.host === undefined ? "" : ` of ${event.host}`}`
        return event.ok ? stop(label, at) : start(label, label, "waiting", at, event.detail)
      }
      case "Settling":
        return start("settling", "stays up", "waiting", at, "watched whether it stays so")
      case "Verified":
      case "SeenRunning":
        return stop("settling", at)
      case "Retrying": {
        const lane = lanes.at(-1) ?? begin("Begin", at)
        const end = Math.min(at + event.delayMillis, Math.max(to, at))
        return draw(lane, event.what, { from: at, to: end, kind: "waiting", says: event.why, ended: true })
      }
      case "ApiAway":
        return start("api", "Coolify's API", "waiting", at, `away: ${event.why}`)
      case "ApiBack":
        return stop("api", at)
      case "UndoStarted":
        return start(`undo ${event.what}`, event.what, "working", at, "being undone")
      case "UndoFinished":
        return stop(`undo ${event.what}`, at, true, event.how === "nothing" ? "as it was" : event.how)
      case "UndoFailed":
        return stop(`undo ${event.leftover.what}`, at, true, `not undone: ${event.leftover.why}`)
      default:
    }
  }
  for (const { at, event } of events) see(event, at)
  close(to, false)
  return {
    from,
    to,
    lanes: lanes.map(({ bars, ended, from, title, to: end }) => ({
      title,
      from,
      to: end ?? to,
      ended,
      bars: [...bars].map(([label, segments]) => ({ label, segments }))
    }))
  }
}

/** How long a bar was of one kind; what overlaps counts once. Milliseconds. */
export const spent = ({ segments }: Bar, kind: Kind): number => {
  let [total, until] = [0, Number.NEGATIVE_INFINITY]
  for (const { from, to } of segments
    .filter((one) => one.kind === kind)
    .toSorted((a, b) => a.from - b.from)) {
    total += Math.max(0, to - Math.max(from, until))
    until = Math.max(until, to)
  }
  return total
}

/** Where an axis of so many milliseconds has its marks, at most eight: 1, 2 or 5 of a power of ten. */
export const marksOf = (length: number): ReadonlyArray<{ readonly at: number; readonly says: string }> => {
  const rough = Math.max(length, 1) / 8
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough) ?? rough
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => ({
    at: index * step,
    says: index === 0 ? "0" : seconds(index * step)
  }))
}
