/**
 * From a request's fields to an application's columns; shared by create and PATCH.
 */
import * as Either from "effect/Either"
import { applicationFields, fieldsFor, imageTag } from "./ApplicationFields.ts"
import type { Application, Column } from "./CoolifyState.ts"
import * as Labels from "./Labels.ts"
import { invalid, serverError, type Refusal } from "./Reply.ts"
import type { Fields } from "./Route.ts"
import { stripHtml } from "./Tags.ts"
import { check, checkKnown, isEmpty, isTrue, stored } from "./Validation.ts"

/** Rules and the allow-list, in one answer as Coolify gives it. */
export const checkFields = (
  body: Fields,
  verb: "create" | "patch",
  required: ReadonlyArray<string>
): Either.Either<void, Refusal> => {
  const fields = fieldsFor(verb)
  const rules = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, { ...field, required: required.includes(name) }])
  )
  // An image may come with its tag in one field, but only when it is new.
  if (verb === "create" && rules["docker_registry_image_name"] !== undefined) {
    rules["docker_registry_image_name"] = {
      ...rules["docker_registry_image_name"],
      pattern: /^[a-z0-9][A-Za-z0-9._\-/:@]*$/
    }
  }
  if (verb === "create" && rules["docker_registry_image_tag"] !== undefined) {
    rules["docker_registry_image_tag"] = { ...rules["docker_registry_image_tag"], pattern: imageTag }
  }
  const errors = checkKnown(body, Object.keys(fields), check(body, rules))
  return isEmpty(errors) ? checkTogether(body, verb) : Either.left(invalid(errors))
}

/** What Coolify looks at itself behind Laravel's rules; one text a field, not a list. */
const checkTogether = (body: Fields, verb: "create" | "patch"): Either.Either<void, Refusal> => {
  const errors: Record<string, string> = {}
  if (verb === "patch" && "custom_labels" in body && body["custom_labels"] === null) {
    errors["custom_labels"] = "The custom_labels should be base64 encoded."
  }
  const ports: unknown = body["ports_exposes"]
  const looksAtPorts = verb === "patch" ? "ports_exposes" in body : typeof ports === "string"
  if (looksAtPorts && !/^\d+(,\d+)*$/.test(typeof ports === "string" ? ports : "")) {
    errors["ports_exposes"] = "The ports_exposes should be a comma separated list of numbers."
  }
  if (verb === "patch" && isTrue(body["is_http_basic_auth_enabled"])) {
    for (const name of ["http_basic_auth_username", "http_basic_auth_password"]) {
      if (!body[name]) errors[name] = `The ${name} is required.`
    }
  }
  return Object.keys(errors).length === 0 ? Either.void : Either.left(invalid(errors))
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export interface Written {
  readonly columns: Record<string, Column>
  readonly settings: Record<string, Column>
}

/** The checked fields of `body` as columns; only those that were sent. */
export const written = (body: Fields): Either.Either<Written, Refusal> => {
  const columns: Record<string, Column> = {}
  const settings: Record<string, Column> = {}
  for (const [name, sent] of Object.entries(body)) {
    const field = applicationFields[name]
    if (field === undefined || field.table === "request") continue
    let value = stored(field, sent)
    if (field.base64 !== "no" && typeof value === "string") {
      const compact = value.replaceAll(/\s/g, "")
      if (!base64.test(compact)) {
        return Either.left(invalid({ [name]: `The ${name} should be base64 encoded.` }))
      }
      value = field.base64 === "decode" ? Buffer.from(compact, "base64").toString("utf8") : compact
    }
    if (field.table === "columns") columns[name] = value
    else settings[name] = value
  }
  if ("use_build_server" in body) settings["is_build_server_enabled"] = isTrue(body["use_build_server"])
  const description = columns["description"]
  if (typeof description === "string") {
    const clean = stripHtml(description)
    if (clean.length > 255) return Either.left(serverError)
    columns["description"] = clean === "" ? null : clean
  }
  return Either.right({ columns, settings })
}

/** With the labels that its domains, ports and proxy settings make now. */
export const labelled = (application: Application): Application => ({
  ...application,
  columns: { ...application.columns, custom_labels: Labels.generate(application.uuid, application.columns) }
})
