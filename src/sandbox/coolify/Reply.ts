/**
 * Coolify's answers: the good one, and the shapes in which it says no.
 */
import * as Data from "effect/Data"

export interface Reply {
  readonly status: number
  /** A string is sent as text, anything else as JSON. */
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A request that was answered with an error. */
export class Refusal extends Data.TaggedError("Refusal")<{ readonly reply: Reply }> {}

export const reply = (status: number, body: unknown): Reply => ({ status, body })

export const refusal = (status: number, body: unknown, headers?: Readonly<Record<string, string>>): Refusal =>
  new Refusal({ reply: headers === undefined ? { status, body } : { status, body, headers } })

export const refuse = (status: number, message: string): Refusal => refusal(status, { message })

/** `field` to its messages; now and then Coolify sends one bare string for a field. */
export type FieldErrors = Readonly<Record<string, ReadonlyArray<string> | string>>

export const invalid = (errors: FieldErrors): Refusal =>
  refusal(422, { message: "Validation failed.", errors })

/** The answer of the route behind all routes; the only one with `docs`. */
export const unknownRoute = refusal(404, { message: "Not found.", docs: "https://coolify.io/docs" })

export const serverError = refusal(500, { message: "Server Error" })
