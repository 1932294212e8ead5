import type * as Effect from "effect/Effect"
import type { Ability, Token } from "./CoolifyState.ts"
import type { Refusal, Reply } from "./Reply.ts"

/** A JSON object as sent, with its strings trimmed and empty ones made null. */
export type Fields = Readonly<Record<string, unknown>>

/** One request that passed the door: its route, token and body are in order. */
export interface Call {
  /** A part of the path by the name it has in the route; decoded. */
  readonly param: (name: string) => string
  readonly query: Fields
  readonly body: Fields
  readonly token: Token
  /** The token may see secrets. */
  readonly sensitive: boolean
}

export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE" | "PUT"
  /** Behind `/api/v1`, e.g. `/applications/:uuid/envs`. */
  readonly path: string
  /** `undefined`: no token is asked for. */
  readonly ability: Ability | undefined
  /** A JSON object must come along; otherwise one is read when it is there. */
  readonly body?: boolean
  /** GET on it answers 405. */
  readonly postOnly?: boolean
  /** Works while the API is switched off. */
  readonly always?: boolean
  readonly handle: (call: Call) => Effect.Effect<Reply, Refusal>
}

export const get = (path: string, ability: Ability | undefined, handle: Route["handle"]): Route => ({
  method: "GET",
  path,
  ability,
  handle
})

/** POST, PATCH and the like with a JSON body. */
export const send = (
  method: "POST" | "PATCH" | "PUT",
  path: string,
  ability: Ability,
  handle: Route["handle"]
): Route => ({ method, path, ability, body: true, handle })

export const remove = (path: string, handle: Route["handle"]): Route => ({
  method: "DELETE",
  path,
  ability: "write",
  handle
})

/** POST without a body that used to be a GET. */
export const action = (path: string, ability: Ability, handle: Route["handle"]): Route => ({
  method: "POST",
  path,
  ability,
  postOnly: true,
  handle
})
