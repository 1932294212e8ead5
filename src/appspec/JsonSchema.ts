/** The JSON Schema (draft 7) of a spec, for editors. Nothing that deploys loads it. */
import * as JSONSchema from "effect/JSONSchema"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import { Written } from "./Spec.ts"

type Json = { readonly [key: string]: unknown }

const objectOf = (value: unknown): Json => (Predicate.isReadonlyRecord(value) ? value : {})
const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** A key is always text. */
const withoutType = ({ pattern, patternErrorMessage }: Json): Json => ({ pattern, patternErrorMessage })

/** As the library makes it, but a block with `null` beside it is one form with two types, and a map names its values once. */
const tidy = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(tidy)
  if (!Predicate.isReadonlyRecord(value)) return value
  const { anyOf, patternProperties, propertyNames, required, properties, ...rest }: Json = value
  const others = Record.map(rest, tidy)
  if (Array.isArray(anyOf)) {
    const forms = anyOf.map(tidy)
    const [first, second] = forms
    if (forms.length !== 2 || objectOf(second)["type"] !== "null") return { ...others, anyOf: forms }
    const form = objectOf(first)
    return Array.isArray(form["anyOf"])
      ? { ...others, ...form, anyOf: [...form["anyOf"], second] }
      : { ...others, ...form, type: [form["type"], "null"] }
  }
  return {
    ...others,
    ...(listOf(required).length === 0 ? {} : { required }),
    ...(patternProperties === undefined
      ? {}
      : {
          propertyNames: withoutType(objectOf(propertyNames)),
          additionalProperties: tidy(objectOf(patternProperties)[""])
        }),
    ...(properties === undefined || patternProperties !== undefined
      ? {}
      : { properties: Record.map(objectOf(properties), tidy) })
  }
}

/** It works, and no editor proposes it. */
const older = (schema: unknown, instead: string): Json => ({
  ...objectOf(schema),
  deprecated: true,
  deprecationMessage: `older form: ${instead}`,
  doNotSuggest: true
})

const mapOf = (properties: Json): Json => ({
  type: ["object", "null"],
  properties,
  additionalProperties: false
})

const withForms = (schema: unknown, ...more: ReadonlyArray<Json>): Json => ({
  ...objectOf(schema),
  anyOf: [...listOf(objectOf(schema)["anyOf"]), ...more]
})

/** The forms, for whatever the condition does not hold for. */
const moved = ({ anyOf, ...rest }: Json): Json => ({ ...rest, else: { anyOf } })

/** The keys that OlderForm.ts rewrites, beside those of today. */
const withOlder = (today: Json): Json => {
  const [list] = listOf(objectOf(today["secrets"])["anyOf"])
  const names = { ...objectOf(list), type: ["array", "null"] }
  const git = objectOf(objectOf(listOf(objectOf(today["source"])["anyOf"])[1])["properties"])
  const old = older({ type: ["string", "number"] }, "write `image`, `git` or `dockerfile`")
  const isOld = ["type", "repository", "repo", "ref"].map((key) => ({ required: [key] }))
  const source = {
    ...objectOf(today["source"]),
    // Not one more form beside those of today: an editor would take a mistake in one of them for it.
    if: { type: "object", anyOf: isOld },
    // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
    then: mapOf({
      ...git,
      image: { type: ["string", "number"] },
      dockerfile: { type: ["string", "number"] },
      type: { ...old, enum: ["image", "git", "dockerfile", "template"] },
      repository: old,
      repo: old,
      ref: old
    })
  }
  return {
    ...today,
    source: moved(withForms(source, { type: "object", maxProperties: 0 })),
    secrets: withForms(
      today["secrets"],
      older(mapOf({ required: names, generate: names }), "write `NAME: required` or `NAME: generate`")
    ),
    id: older(today["name"], "write `name`"),
    health: older(today["healthcheck"], "write `healthcheck`"),
    kind: older({ enum: ["service", "app"] }, "leave it out"),
    expose: older(
      { anyOf: [today["port"], mapOf({ domain: today["domain"], port: today["port"] })] },
      "write `domain` and `port`"
    ),
    coolify: older(
      mapOf({ project: today["project"], server: today["server"] }),
      "write `project` and `server`"
    )
  }
}

const oneIsThere = (...keys: ReadonlyArray<string>): Json => ({
  anyOf: keys.map((key) => ({ required: [key] }))
})

/** What has its port from elsewhere, or needs none. */
const withoutPort = [
  ...["template", "expose", "processes"].map((key) => ({ required: [key] })),
  { required: ["domain"], properties: { domain: { const: "none" } } },
  { required: ["domains"], properties: { domains: { maxItems: 0 } } },
  { required: ["env"], properties: { env: { required: ["PORT"] } } },
  // Coolify's nginx listens on 80.
  { required: ["build"], properties: { build: { type: "object", required: ["publish"] } } },
  {
    required: ["source"],
    properties: {
      source: { type: "object", required: ["buildPack"], properties: { buildPack: { const: "static" } } }
    }
  }
]

/** What the decoder checks across keys as well, as far as it can be said here. */
const required = [
  oneIsThere("name", "id"),
  oneIsThere("domain", "domains", "expose", "processes"),
  { not: { required: ["domain", "domains"] } },
  oneIsThere("source", "template", "processes"),
  // As a condition and not as one form among others: an editor would tell of the form that comes nearest, as a domain that
  // should be `none`, and not of the port.
  {
    if: { not: { anyOf: withoutPort } },
    // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
    then: { required: ["port"] }
  }
]

export const specJsonSchema = (): Json => {
  const { $schema, title, description, properties, ...rest } = objectOf(tidy(JSONSchema.make(Written)))
  return {
    $schema,
    title,
    description,
    ...rest,
    properties: withOlder(objectOf(properties)),
    allOf: required
  }
}
