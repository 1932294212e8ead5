import * as Context from "effect/Context"

export const defaultOwner = "default"

/**
 * Who owns what this machine's fabrik makes. Two owners never touch each other's applications, even of the same
 * name. The default suits everybody whose specs live in one repository.
 */
export class Owner extends Context.Reference<Owner>()("fabrik/engine/Owner", {
  defaultValue: () => defaultOwner
}) {}
