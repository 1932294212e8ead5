/** A change of one resource as it stands in the journal: enough for another process to undo it, and to say what it is. */
import type { WayBack } from "./DeploymentEvent.ts"

/** `coolify/application api`. */
export interface Address {
  readonly kind: string
  readonly name: string
}

/** As events have it. */
export const textOf = ({ kind, name }: Address): string => `${kind} ${name}`

export interface Change<P> {
  readonly address: Address
  /** The run whose mark the resource bears: the one that made it. */
  readonly run: string
  /** `undefined`: it was not there. */
  readonly before: P | undefined
  /** `undefined`: it is removed. */
  readonly after: P | undefined
  /** It is made beside another, whose place it is to take. */
  readonly beside?: true
}

/** What an undo says of itself: `nothing` when the change had never taken effect. */
export type Undone = "undone" | "nothing"

export interface UndoFailure {
  readonly message: string
  /** Trying again would not help: somebody else has changed it meanwhile, and it stays as it is. */
  readonly left?: boolean
}

/** What undoing a change does to the world when it has something to do. */
export type Way = Exclude<WayBack, "nothing">
