/** Pure: what has to change so that the records of a spec are as it says: its domains' own, and those of `dns.records`. */
import * as Either from "effect/Either"
import { isAddressing } from "../dns/Name.ts"
import { RefusedError } from "../engine/DeployError.ts"
import type { Change } from "../engine/Plan.ts"
import {
  diffRecord,
  type OrphanRecord,
  type RecordAction,
  type RecordPart,
  type WantedRecord
} from "../kinds/DiffRecord.ts"
import { type Desired, markOfRecords, wantedRecords } from "./Desired.ts"
import type { Observed } from "./Observe.ts"
import { orphanChange } from "./PlanLines.ts"

interface Records {
  readonly changes: ReadonlyArray<Change>
  /** Of the domains. */
  readonly records: ReadonlyArray<RecordAction>
  /** Of `dns.records`. */
  readonly further: ReadonlyArray<RecordAction>
  /** Go once the rest is verified. */
  readonly orphans: ReadonlyArray<OrphanRecord>
  /** Whether what the application's release tells of records changes. */
  readonly movesFurther: boolean
}

const nameOf = ({ recordSet: { name, type } }: OrphanRecord): string => `${name} ${type}`

export const reconcileRecords = (
  desired: Desired,
  observed: Observed
): Either.Either<Records, RefusedError> =>
  Either.gen(function* () {
    const own = wantedRecords(desired).flatMap((want) =>
      observed.dns.filter(({ name }) => name === want.name).map((found) => ({ want, found }))
    )
    const mark = markOfRecords(desired)
    const wanted = [
      ...own,
      ...(observed.further ?? []).map(({ found, want: { ttl, ...rest } }) => ({
        want: { ...rest, ...mark, ttl, proxied: false, further: true as const },
        found
      }))
    ]
    yield* refuseCollisions(wanted.map(({ want }) => want))
    const parts = removedOnce(yield* Either.all(wanted.map(({ found, want }) => diffRecord(want, found))))
    const stale = parts.flatMap(({ action }) => (action._tag === "Put" ? action.stale : []))
    // Providers list them in any order, and a plan is the same for all of them.
    const orphans = [...parts.flatMap((part) => part.orphans), ...observed.orphans]
      .filter(({ recordSet: { name, type } }) => !stale.some((one) => one.name === name && one.type === type))
      .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    const actions = parts.map(({ action }) => action)
    const further = actions.slice(own.length)
    return {
      changes: [...parts.flatMap(({ changes }) => changes), ...orphans.map(orphanChange)],
      records: actions.slice(0, own.length),
      further,
      orphans,
      movesFurther: observed.orphans.length > 0 || further.some(({ _tag }) => _tag === "Put")
    }
  })

/** Two of the spec's record sets that cannot both stand: those of `dns.records`, and the domains' own. */
const refuseCollisions = (wants: ReadonlyArray<WantedRecord>): Either.Either<void, RefusedError> => {
  for (const [index, { further = false, name, type }] of wants.entries()) {
    const rival = wants
      .slice(0, index)
      .find(
        (one) =>
          one.name === name &&
          (one.type === type ||
            one.type === "CNAME" ||
            type === "CNAME" ||
            (one.further !== true && isAddressing(type)))
      )
    if (rival === undefined || !further) continue
    const isOwn = rival.further !== true
    return Either.left(
      new RefusedError({
        reason: "Unsendable",
        detail: isOwn
          ? `${name} is a domain of the application, whose own ${rival.type} record leaves no room for the ${type} record of \`dns.records\``
          : `\`dns.records\` has ${rival.type === type ? `${type} records in two spellings` : `${rival.type} and ${type} records`} at ${name}`,
        next: isOwn
          ? "say under `dns.target` where the domain leads, and take that record out of `dns.records`"
          : rival.type === type
            ? "write the name in one way, so that they are one set"
            : "keep one of them: a CNAME stands alone at its name"
      })
    )
  }
  return Either.right(undefined)
}

/** Several record sets may take the place of one, which goes before the first of them. */
const removedOnce = (parts: ReadonlyArray<RecordPart>): ReadonlyArray<RecordPart> => {
  const gone = new Set<string>()
  return parts.map((part) => {
    const { action } = part
    if (action._tag === "Keep") return part
    const stale = action.stale.filter((one) => !gone.has(`${one.name} ${one.type}`))
    for (const { name, type } of stale) gone.add(`${name} ${type}`)
    const changes = part.changes.filter(
      (change) =>
        change.action !== "delete" || stale.some(({ name, type }) => change.name === `${name} ${type}`)
    )
    return { ...part, action: { ...action, stale }, changes }
  })
}
