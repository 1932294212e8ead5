/**
 * The part of Laravel's validation rules that Coolify's API uses, with its messages.
 */
import type { Column } from "./CoolifyState.ts"
import type { Fields } from "./Route.ts"

export interface Rule {
  /** `number`: a whole one too, with Laravel's other word for it. */
  readonly type: "string" | "boolean" | "integer" | "number" | "array" | "items" | "port"
  readonly required?: boolean
  readonly nullable?: boolean
  /** Characters of a string, or the number itself. */
  readonly max?: number
  readonly min?: number
  readonly oneOf?: ReadonlyArray<string>
  readonly pattern?: RegExp
  /** Coolify's own words where it does not leave them to Laravel. */
  readonly words?: Readonly<Partial<Record<"required" | "max" | "min" | "pattern", string>>>
}

export const thisIsRequired = { required: "This field is required." }

export type Rules = Readonly<Record<string, Rule>>
export type Errors = Record<string, Array<string>>

const said = (field: string) => field.replaceAll("_", " ")

const typeError = (rule: Rule, field: string): string => {
  const kind = {
    string: "a string",
    boolean: "true or false",
    integer: "an integer",
    number: "a number",
    array: "an array",
    items: "an array",
    port: "an integer"
  }
  const boolean = rule.type === "boolean"
  return `The ${said(field)} field must be ${boolean ? "true or false" : kind[rule.type]}.`
}

const isInteger = (value: unknown): boolean =>
  (typeof value === "number" && Number.isInteger(value)) ||
  (typeof value === "string" && /^-?\d{1,15}$/.test(value))

const hasType = (type: Rule["type"], value: unknown): boolean => {
  switch (type) {
    case "string":
      return typeof value === "string"
    case "boolean":
      return [true, false, 0, 1, "0", "1"].some((one) => one === value)
    case "integer":
    case "number":
    case "port":
      return isInteger(value)
    case "array":
      return Array.isArray(value)
    case "items":
      return typeof value === "object"
  }
}

const problem = (field: string, rule: Rule, value: unknown): string | undefined => {
  if (value === undefined || (value === null && rule.required === true)) {
    return rule.required === true
      ? (rule.words?.required ?? `The ${said(field)} field is required.`)
      : undefined
  }
  if (value === null) return rule.nullable === true ? undefined : typeError(rule, field)
  if (!hasType(rule.type, value)) return typeError(rule, field)
  const unit = rule.type === "string" ? " characters" : ""
  if (typeof value === "object") return undefined
  const size = rule.type === "string" && typeof value === "string" ? [...value].length : Number(value)
  const { min, max } = rule.type === "port" ? { min: 1, max: 65535 } : rule
  if (max !== undefined && size > max) {
    return rule.words?.max ?? `The ${said(field)} field must not be greater than ${max}${unit}.`
  }
  if (min !== undefined && size < min) {
    return rule.words?.min ?? `The ${said(field)} field must be at least ${min}${unit}.`
  }
  if (rule.oneOf !== undefined && !rule.oneOf.some((one) => one === value)) {
    return `The selected ${said(field)} is invalid.`
  }
  if (rule.pattern !== undefined && !(typeof value === "string" && rule.pattern.test(value))) {
    return rule.words?.pattern ?? `The ${said(field)} field format is invalid.`
  }
  return undefined
}

/** Every broken rule; empty when all is well. */
export const check = (fields: Fields, rules: Rules): Errors => {
  const errors: Errors = {}
  for (const [field, rule] of Object.entries(rules)) {
    const message = problem(field, rule, fields[field])
    if (message !== undefined) errors[field] = [message]
  }
  return errors
}

/** Adds a refusal for every field that is not in the list. */
export const checkKnown = (fields: Fields, known: Iterable<string>, errors: Errors): Errors => {
  const allowed = new Set(known)
  for (const field of Object.keys(fields)) {
    if (!allowed.has(field)) errors[field] = [...(errors[field] ?? []), "This field is not allowed."]
  }
  return errors
}

export const isEmpty = (errors: Errors): boolean => Object.keys(errors).length === 0

/** A checked value in the form in which its column keeps it. */
export const stored = (rule: Rule, value: unknown): Column => {
  if (value === null || value === undefined) return null
  switch (rule.type) {
    case "boolean":
      return value === true || value === 1 || value === "1"
    case "integer":
    case "number":
      return Number(value)
    case "array":
      return Array.isArray(value) ? value.map(String) : null
    case "items":
      return null
    case "string":
    case "port":
      return String(value)
  }
}

export const text = (value: unknown): string => (typeof value === "string" ? value : "")

/** A query or body flag in any of the ways clients write it. */
export const isTrue = (value: unknown): boolean =>
  value === true || value === 1 || value === "1" || value === "true" || value === "on" || value === "yes"
