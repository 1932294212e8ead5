/**
 * Tags of a team: names in lower case without HTML, at least two characters, shared between applications.
 */
import * as Either from "effect/Either"
import type { Application, CoolifyState, Tag } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import { invalid, serverError, type Refusal } from "./Reply.ts"

export const stripHtml = (text: string): string => text.replace(/<[^>]*>/g, "")

export const normalise = (field: string, name: unknown): Either.Either<string, Refusal> => {
  const clean = typeof name === "string" ? stripHtml(name).trim().toLowerCase() : ""
  // The column's length is nobody's rule.
  if (clean.length > 255) return Either.left(serverError)
  return clean.length >= 2
    ? Either.right(clean)
    : Either.left(invalid({ [field]: ["Each tag name must be at least 2 characters after sanitization."] }))
}

export const ensure = (
  state: CoolifyState,
  fresh: Fresh,
  teamId: number,
  name: string
): readonly [Tag, CoolifyState] => {
  const known = state.tags.find((row) => row.team_id === teamId && row.name === name)
  if (known !== undefined) return [known, state]
  const [id, next] = takeId(state)
  const row: Tag = {
    id,
    uuid: fresh.uuid(),
    team_id: teamId,
    name,
    created_at: fresh.now,
    updated_at: fresh.now
  }
  return [row, { ...next, tags: [...next.tags, row] }]
}

/** Of these tags, those that nothing holds any more are gone. */
export const collectTags = (state: CoolifyState, ids: ReadonlyArray<number>): CoolifyState => {
  const held = new Set([...state.applications, ...state.services].flatMap((row) => row.tag_ids))
  return { ...state, tags: state.tags.filter((row) => held.has(row.id) || !ids.includes(row.id)) }
}

/** These names among the tags, made where they are missing; answers their numbers. */
export const ensureAll = (
  state: CoolifyState,
  fresh: Fresh,
  teamId: number,
  names: ReadonlyArray<string>
): readonly [ReadonlyArray<number>, CoolifyState] => {
  let next = state
  const ids: Array<number> = []
  for (const name of names) {
    const [tag, ensured] = ensure(next, fresh, teamId, name)
    ids.push(tag.id)
    next = ensured
  }
  return [ids, next]
}

/** Attaches the tags, making those that are missing. */
export const attach = (
  state: CoolifyState,
  fresh: Fresh,
  teamId: number,
  application: Application,
  names: ReadonlyArray<string>
): readonly [Application, CoolifyState] => {
  const [ids, next] = ensureAll(state, fresh, teamId, names)
  const tagged = { ...application, tag_ids: [...new Set([...application.tag_ids, ...ids])] }
  return [tagged, { ...next, applications: replaceRow(next.applications, tagged) }]
}
