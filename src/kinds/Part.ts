/**
 * What belongs to an application beside its variables. The engine's order for all of them: looked at and compared before
 * anything is sent, made once the application is there. What takes effect with a deployment, as volumes do, is done before
 * it; what takes effect at once, as schedules do, after it, so that no version meets what is another one's.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { PlainSettings } from "../coolify/endpoints/PlainSettings.ts"
import type { Stored } from "../coolify/endpoints/Storages.ts"
import type { RefusedError } from "../engine/DeployError.ts"
import type { Change, FieldChange } from "../engine/Plan.ts"
import type { Run } from "../engine/Run.ts"
import type { SecretError, SecretStore } from "../secrets/SecretStore.ts"
import type { JournalError } from "../state/Journals.ts"

type Write = Effect.Effect<
  void,
  CoolifyError | JournalError | RefusedError | SecretError,
  CoolifyClient | Run | SecretStore | Scope.Scope
>

/** What a spec asks for of one kind. */
export interface Part {
  /** `coolify/volume`. */
  readonly kind: string
  /** Of the resources that the spec names: which of them an application has from fabrik stands in its release's comment. */
  readonly names: ReadonlyArray<string>
  /** What is asked for, as text: another one is another spec. */
  readonly wanted: string
  /**
   * Reads what the application has, where it can matter, and compares.
   * @param application `undefined`: there is none yet.
   * @param given what fabrik has given it. `undefined`: nothing tells.
   * @param stored its volumes and files: one request, made when the first part asks for them.
   */
  readonly plan: (
    application: Application | undefined,
    given: Given | undefined,
    stored: Effect.Effect<Stored, CoolifyError, CoolifyClient>
  ) => Effect.Effect<PlannedPart, CoolifyError | RefusedError | SecretError, CoolifyClient | SecretStore>
}

/** What fabrik has given an application. */
export interface Given {
  /** Whether a resource of that name is among it. */
  readonly has: (name: string) => boolean
  /** Nothing at all, so that there is nothing to look for. */
  readonly isEmpty: boolean
  /** It stands in the application's release; otherwise that one has never run, so that all of it may be fabrik's. */
  readonly isNoted: boolean
  /** The first digits of a digest of what the resource of that name holds; `undefined`: none was left, or two were. */
  readonly digest: (name: string) => string | undefined
}

export interface PlannedPart {
  readonly kind: string
  /** It takes effect at once, and no deployment is made for its sake; without it, it is written before one. */
  readonly timing?: "after deployment"
  readonly changes: ReadonlyArray<Change>
  /** What changes of the application itself: it stands with its own fields in the plan. */
  readonly fields?: ReadonlyArray<FieldChange>
  /** The plain settings that `update` writes. */
  readonly plain?: PlainSettings
  /** To be left at Coolify, for who may not read what a resource holds, by its name. */
  readonly digests?: ReadonlyMap<string, string>
  /** What the token may not read, by its name in the plan: whether it still is as the spec says is not known. */
  readonly unseen?: ReadonlyArray<string>
  /** What the operator should know before saying yes, one sentence each. */
  readonly notes: ReadonlyArray<string>
  /** Why no other application can take this one's place without a loss; `undefined`: one can. */
  readonly staysBehind: RefusedError | undefined
  /** Gives all of it to an application that this run has made: its undo is that one's. */
  readonly create: (application: { readonly uuid: string; readonly name: string }) => Write
  /** Makes the changes to an application that was there, each with its undo. */
  readonly update: Write
  /** What the release tells of it beyond the spec's names, now: known only once it is made. */
  readonly noted?: Effect.Effect<ReadonlyArray<string>>
  /** What the spec does not name any more and nothing brings back: it goes once nothing can fail any more. */
  readonly retire?: ReadonlyArray<Retirement>
}

interface Retirement {
  readonly name: string
  /** Whether it is gone; what stays is told. */
  readonly remove: Effect.Effect<boolean, never, CoolifyClient | Run>
}

/** Whether it is written after the deployment. */
export const isLater = ({ timing }: PlannedPart): boolean => timing === "after deployment"

/** Whether anything changes that needs no deployment. */
export const changesLater = (parts: ReadonlyArray<PlannedPart>): boolean =>
  parts.some((part) => isLater(part) && part.changes.length > 0)
