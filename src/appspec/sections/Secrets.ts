/** `secrets`: a list of names, or a map that says for each what becomes of it when nobody supplies it. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Check } from "../Decode.ts"
import { choice, integer, list, map, oneOf, optional, patterned, record, scalar } from "../Form.ts"
import { nameForm, ranges, secretKinds, secretNamePattern } from "../Limits.ts"
import type { Complaint } from "../Report.ts"
import type { Field } from "../YamlTree.ts"
import { nameComplaint } from "./Variables.ts"

/** What may become of a secret that nobody supplies and the application does not have yet. */
export type SecretRule = typeof SecretRule.Type

const SecretRule = Schema.Union(
  /** It is never made up. */
  Schema.TaggedStruct("Required", {}),
  Schema.TaggedStruct("Generate", {
    kind: Schema.Literal("alphanumeric", "base64", "hex", "password", "uuid"),
    /** In characters. */
    length: Schema.Number
  })
)

const secretName = (name: string): Complaint =>
  name === "PORT"
    ? { message: "`PORT` cannot be a secret", hint: "Coolify must know it: write it under `port`" }
    : nameComplaint(name)

const noName = () => ({
  message: "a secret is the name of a variable",
  hint: "the name alone: the value comes from the environment or from .env"
})

const name = scalar({
  to: Schema.String,
  json: { type: "string", ...patterned(secretNamePattern, nameForm) },
  read: (given) => {
    if (typeof given !== "string") return Either.left(noName)
    return secretNamePattern.test(given) ? Either.right(given) : Either.left(() => secretName(given))
  },
  write: (value) => value,
  other: noName
})

const words = "`required`, `generate`, or e.g. `{ generate: hex, length: 64 }`"

const recipe = map(
  {
    generate: choice(["alphanumeric", "base64", "hex", "password", "uuid"], {
      description: "What a new secret is made of"
    }),
    length: optional(
      integer(ranges.secretLength, {
        description: "Characters, for base64 a multiple of 4; a uuid has its own",
        absent: "32, for hex 64, for base64 44 (32 bytes)"
      })
    )
  },
  {
    description: "How a new secret is made",
    never: [
      { generate: { const: "uuid" }, length: {} },
      { generate: { const: "base64" }, length: { type: "integer", not: { multipleOf: 4 } } }
    ],
    missing: ({ path }) => ({
      message: `\`${path}\` does not say what to generate`,
      hint: `write ${words}`
    })
  }
)

/** What stands there may be the secret itself, so it is never repeated. */
const noRule = ({ node, path }: Field): Complaint => ({
  message: `\`${path}\` must say what becomes of it when nobody supplies it: ${words}`,
  hint:
    node._tag === "Scalar"
      ? "a secret's value never stands in the spec: it comes from the environment or from .env"
      : node._tag === "List"
        ? "a list of names stands under `required` or `generate`"
        : `write \`${path.split(".").at(-1) ?? ""}: required\``
})

const word = scalar<"required" | "generate">({
  to: Schema.Literal("required", "generate"),
  json: {
    type: "string",
    enum: ["required", "generate"],
    description:
      "`required`: never made up, without it nothing is sent. `generate`: 32 random letters and digits"
  },
  read: (given) => (given === "required" || given === "generate" ? Either.right(given) : Either.left(noRule)),
  write: (value) => value,
  other: noRule
})

const rule = Schema.transform(
  oneOf([word, recipe], ({ node }) => (node._tag === "Map" ? 1 : 0), {
    description:
      "What becomes of it when nobody supplies it and the application does not have it yet: `required`, `generate`, or how it is generated"
  }),
  SecretRule,
  {
    strict: true,
    decode: (given): SecretRule => {
      if (given === "required") return { _tag: "Required" }
      if (given === "generate")
        return { _tag: "Generate", kind: "alphanumeric", length: secretKinds.alphanumeric }
      return { _tag: "Generate", kind: given.generate, length: given.length ?? secretKinds[given.generate] }
    },
    encode: (rule) => {
      if (rule._tag === "Required") return "required" as const
      const { kind, length } = rule
      if (length !== secretKinds[kind]) return { generate: kind, length }
      return kind === "alphanumeric" ? ("generate" as const) : { generate: kind }
    }
  }
)

export const Secrets = oneOf(
  [
    list(name, {
      description:
        "Names: each is supplied, kept as the application has it, or generated where there is none",
      hint: "one name per line, each behind a `-`"
    }),
    record(secretNamePattern, rule, {
      description: "Names, each with what becomes of it when nobody supplies it",
      value: noRule,
      key: secretName
    })
  ],
  ({ node }) => (node._tag === "Map" ? 1 : 0),
  {
    description:
      "Names of secret variables, never values: those come from the environment or .env, or stay as the application has them"
  }
)

interface ReadSecrets {
  /** Names only: values come from the SecretStore. */
  readonly secrets: ReadonlyArray<string>
  /** By name; a name of the list form has none: it is supplied, else kept, else generated. */
  readonly secretRules: ReadonlyMap<string, SecretRule>
}

export const secretsIn = (
  given: typeof Secrets.Type | undefined,
  env: Readonly<Record<string, unknown>>,
  check: Check
): ReadSecrets => {
  const entries = Array.isArray(given)
    ? given.map((name: string, index) => [name, index] as const)
    : Object.keys(given ?? {}).map((name) => [name, name] as const)
  const seen = new Set<string>()
  for (const [name, key] of entries) {
    const field = check.at("secrets", key)
    const variable = Object.hasOwn(env, name) ? check.at("env", name) : undefined
    if (field === undefined) continue
    if (seen.has(name)) {
      check.complain(field, { message: `duplicate secret \`${name}\``, hint: "remove one" })
    } else if (variable !== undefined) {
      const hint = `it is also under \`env\` (line ${variable.keyAt.line}): keep one`
      check.complain(field, { message: `\`${name}\` is both a secret and a variable`, hint })
    }
    seen.add(name)
  }
  const rules = new Map(given === undefined || Array.isArray(given) ? [] : Object.entries(given))
  for (const [name, rule] of rules) checkLength(name, rule, check)
  return { secrets: [...seen], secretRules: rules }
}

const checkLength = (name: string, rule: SecretRule, check: Check): void => {
  const length = check.at("secrets", name, "length")
  if (rule._tag === "Required" || length === undefined) return
  if (rule.kind === "uuid") {
    check.complain(length, {
      at: length.keyAt,
      message: "a uuid has a length of its own",
      hint: "remove `length`"
    })
  } else if (rule.kind === "base64" && rule.length % 4 !== 0) {
    check.complain(length, {
      message: `\`${length.path}\` must be a multiple of 4 for base64`,
      hint: "44 characters are 32 bytes, 88 are 64"
    })
  }
}

/** As {@link secretsIn} reads them. */
export const secretsOut = ({ secrets, secretRules }: ReadSecrets): typeof Secrets.Type =>
  secretRules.size === 0 ? secrets : Object.fromEntries(secretRules)
