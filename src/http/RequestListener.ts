/** Who hears of each request, for traces. Nobody, unless somebody asked for them. */
import * as Context from "effect/Context"

/** Whose a request is: of a run's step, of one of its changes, or of the undo of one. */
export interface Work {
  readonly run: string
  readonly step?: string
  /** The change's number in the run's journal. */
  readonly change?: number
  /** What it puts back. */
  readonly undo?: string
}

export class CurrentWork extends Context.Reference<CurrentWork>()("fabrik/http/CurrentWork", {
  defaultValue: (): { readonly work: Work | undefined } => ({ work: undefined })
}) {}

/** One request with its answer: no path, no query and no body, where keys and values could be. */
export interface HeardRequest {
  /** `Coolify`, or the DNS provider. */
  readonly api: string
  /** The method of its client. */
  readonly call: string
  /** `GET`. */
  readonly verb: string
  /** Without the server, where no answer came. */
  readonly url: string
  /** Milliseconds since the epoch. */
  readonly began: number
  readonly ended: number
  /** `undefined`: no answer came. */
  readonly status: number | undefined
  /** Why none came, or none that could be read; `undefined`: one did. */
  readonly failure: string | undefined
  readonly work: Work | undefined
}

export class RequestListener extends Context.Reference<RequestListener>()("fabrik/http/RequestListener", {
  defaultValue: (): { readonly hear: ((request: HeardRequest) => void) | undefined } => ({ hear: undefined })
}) {}
