/**
 * Spans and measurements of one command, made of what is told of it anyway: a span for the command, each run, each step, each
 * resource that is changed or put back, and each request. Pure but for its own memory.
 */
import type { Emitted } from "../engine/DeploymentEvent.ts"
import type { HeardRequest, Work } from "../http/RequestListener.ts"
import type { Parent } from "./Settings.ts"

export type Attribute = string | number | boolean

export interface Span {
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: "internal" | "client"
  /** Milliseconds since the epoch. */
  readonly began: number
  ended: number | undefined
  readonly attributes: Map<string, Attribute>
  /** `undefined`: neither well nor badly, as far as is known. */
  error: string | undefined
}

/** One value among others of its name. */
export interface Measurement {
  readonly name: string
  readonly unit: "s" | "{change}" | "{run}"
  readonly value: number
  readonly attributes: ReadonlyMap<string, Attribute>
}

/** More are counted and not kept: a command that watches for days must not fill the memory. */
const mostSpans = 20_000

const bad = new Set(["rolled-back", "leftovers", "kept", "nothing-changed"])

const entries = (facts: Readonly<Record<string, Attribute | undefined>>): Map<string, Attribute> =>
  new Map(
    Object.entries(facts).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))
  )

export type Collector = ReturnType<typeof makeCollector>

/** @param newId 16 hex digits each time, or 32 for a trace. */
export const makeCollector = (options: {
  readonly command: string
  readonly began: number
  readonly parent: Parent | undefined
  readonly newId: (digits: 16 | 32) => string
}) => {
  const traceId = options.parent?.traceId ?? options.newId(32)
  const spans: Array<Span> = []
  const measurements: Array<Measurement> = []
  let dropped = 0

  const open = (
    name: string,
    began: number,
    parentId: string | undefined,
    attributes: Readonly<Record<string, Attribute | undefined>>,
    kind: Span["kind"] = "internal"
  ): Span => {
    const span: Span = {
      spanId: options.newId(16),
      parentId,
      name,
      kind,
      began,
      ended: undefined,
      attributes: entries(attributes),
      error: undefined
    }
    if (spans.length < mostSpans) spans.push(span)
    else dropped += 1
    return span
  }
  const measure = (
    name: string,
    unit: Measurement["unit"],
    value: number,
    facts: Parameters<typeof entries>[0]
  ) => void measurements.push({ name, unit, value, attributes: entries(facts) })

  const root = open(`fabrik ${options.command}`, options.began, options.parent?.spanId, {
    "fabrik.command": options.command
  })
  const runs = new Map<string, Span>()
  const steps = new Map<string, Span>()
  /** The newest step of each run that is under way. */
  const current = new Map<string, Span>()
  const changes = new Map<string, Span>()

  /** What is read between two steps is of the run, where it is clear which one. */
  const onlyRun = (): Span | undefined => {
    const [first, ...others] = [...runs.values()].filter(({ ended }) => ended === undefined)
    return others.length === 0 ? first : undefined
  }
  const parentOf = ({ change, run, step, undo }: Partial<Work>): Span =>
    (undo === undefined ? undefined : changes.get(`${run}/undo ${undo}`)) ??
    (change === undefined ? undefined : changes.get(`${run}/${change}`)) ??
    (step === undefined ? undefined : steps.get(`${run}/${step}`)) ??
    (run === undefined ? onlyRun() : runs.get(run)) ??
    root

  const close = (span: Span | undefined, ended: number, error?: string) => {
    if (span === undefined || span.ended !== undefined) return
    span.ended = ended
    span.error = error
  }

  const event = ({ at, event: told, run }: Emitted): void => {
    const ofRun = runs.get(run)
    switch (told._tag) {
      case "RunStarted":
        runs.set(
          run,
          open(`run ${told.name}`, at, root.spanId, {
            "fabrik.run.id": run,
            "fabrik.run.command": told.command,
            "fabrik.application": told.name,
            "fabrik.mode": told.mode
          })
        )
        return
      case "StepStarted": {
        const span = open(`step ${told.step}`, at, (ofRun ?? root).spanId, { "fabrik.step": told.step })
        steps.set(`${run}/${told.step}`, span)
        current.set(run, span)
        return
      }
      case "StepFinished":
        close(steps.get(`${run}/${told.step}`), at)
        current.delete(run)
        return measure("fabrik.step.duration", "s", told.millis / 1000, { "fabrik.step": told.step })
      case "ChangeStarted": {
        const address = told.address ?? told.what
        const parent = current.get(run) ?? ofRun ?? root
        const span = open(address, at, parent.spanId, {
          "fabrik.resource": address,
          "fabrik.action": "change"
        })
        changes.set(`${run}/${told.id ?? told.what}`, span)
        return
      }
      case "ChangeFinished": {
        close(changes.get(`${run}/${told.id}`), at, told.made ? undefined : "not made, or not known to be")
        const [kind = ""] = told.address.split(" ")
        return measure("fabrik.changes", "{change}", 1, { "fabrik.kind": kind, "fabrik.made": told.made })
      }
      // A deletion by `destroy` has no undo, and no end of its own.
      case "ResourceChanged":
        return close(changes.get(`${run}/${told.kind} ${told.name}`), at)
      case "UndoStarted":
        changes.set(
          `${run}/undo ${told.what}`,
          open(`undo ${told.what}`, at, (ofRun ?? root).spanId, {
            "fabrik.resource": told.what,
            "fabrik.action": "undo"
          })
        )
        return
      case "UndoFinished": {
        const span = changes.get(`${run}/undo ${told.what}`)
        span?.attributes.set("fabrik.undone", told.how)
        return close(span, at)
      }
      case "UndoFailed":
        return close(changes.get(`${run}/undo ${told.leftover.what}`), at, "not put back")
      case "RunFinished": {
        const error = bad.has(told.outcome) ? told.outcome : undefined
        // The one that it ended in.
        close(current.get(run), at, error)
        current.delete(run)
        ofRun?.attributes.set("fabrik.outcome", told.outcome)
        close(ofRun, at, error)
        const facts = { "fabrik.run.command": options.command, "fabrik.outcome": told.outcome }
        measure("fabrik.runs", "{run}", 1, facts)
        return measure("fabrik.run.duration", "s", told.millis / 1000, facts)
      }
      default:
    }
  }

  const request = ({ api, began, call, ended, failure, status, url, verb, work }: HeardRequest): void => {
    const server = URL.canParse(url) ? new URL(url) : undefined
    const port = server?.port === "" ? (server.protocol === "https:" ? 443 : 80) : server?.port
    const facts = {
      "http.request.method": verb,
      "server.address": server?.hostname,
      "server.port": port === undefined ? undefined : Number(port),
      "http.response.status_code": status,
      "error.type": failure ?? (status !== undefined && status >= 400 ? `${status}` : undefined)
    }
    const span = open(
      `${api} ${call}`,
      began,
      parentOf(work ?? {}).spanId,
      { ...facts, "fabrik.api": api, "fabrik.call": call },
      "client"
    )
    close(span, ended, facts["error.type"])
    measure("http.client.request.duration", "s", (ended - began) / 1000, facts)
  }

  /** Nothing is told of it any more: what is open ends here. */
  const end = (at: number, exitCode: number) => {
    root.attributes.set("process.exit.code", exitCode)
    close(root, at, exitCode === 0 || exitCode === 2 ? undefined : `exit code ${exitCode}`)
    for (const span of spans) {
      if (span.ended !== undefined) continue
      span.attributes.set("fabrik.unfinished", true)
      span.ended = at
    }
    return { traceId, spans, measurements, dropped }
  }

  return { event, request, end }
}
