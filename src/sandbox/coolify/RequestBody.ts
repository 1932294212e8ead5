/**
 * What Laravel makes of a request's body and query before a controller sees it.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { refusal, type Refusal } from "./Reply.ts"
import type { Fields } from "./Route.ts"
import { trimmed } from "./Trim.ts"

const isJson = (contentType: string | undefined): boolean => /[/+]json/i.test(contentType ?? "")

const bad = (error: string): Refusal => refusal(400, { message: "Invalid request.", error })

/** Strings trimmed, empty ones null, at every depth. */
const cleaned = (value: unknown): unknown => {
  if (typeof value === "string") return trimmed(value) || null
  if (Array.isArray(value)) return value.map(cleaned)
  if (typeof value === "object" && value !== null) return cleanedObject(value)
  return value
}

const cleanedObject = (value: object): Fields => {
  const fields: Record<string, unknown> = Object.create(null)
  for (const [key, inner] of Object.entries(value)) fields[key] = cleaned(inner)
  return fields
}

/** `undefined`: not JSON. */
const parse = (text: string): unknown =>
  Either.getOrElse(Schema.decodeEither(Schema.parseJson())(text), () => undefined)

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A route that needs a body refuses what is none; `{}` is "Empty", and `[]` is PHP's false: "Invalid". */
export const body = (
  required: boolean,
  contentType: string | undefined,
  text: string
): Either.Either<Fields, Refusal> => {
  const parsed = isJson(contentType) ? parse(text) : undefined
  if (!required) return Either.right(isObject(parsed) ? cleanedObject(parsed) : {})
  if (!isJson(contentType)) return Either.left(bad("Content-Type must be application/json."))
  if (Array.isArray(parsed) && parsed.length > 0) return Either.right(cleanedObject(parsed))
  if (!isObject(parsed)) return Either.left(bad("Invalid JSON."))
  return Object.keys(parsed).length === 0
    ? Either.left(bad("Empty JSON."))
    : Either.right(cleanedObject(parsed))
}

export const query = (search: string): Fields =>
  cleanedObject(Object.fromEntries(new URLSearchParams(search)))
