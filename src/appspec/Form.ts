/**
 * What the Schema of a spec is made of. Each block knows how its value is written in YAML, its JSON Schema, and what to say
 * of a value that it does not take.
 */
import * as AST from "effect/SchemaAST"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { nameForm, type Range } from "./Limits.ts"
import { nearest } from "./Nearest.ts"
import { type Complaint, keyName, quote } from "./Report.ts"
import { type Field, kindOf, Unquoted } from "./YamlTree.ts"

/** What the blocks say of what they do not take. */
export interface Says {
  /** Of the value itself. */
  readonly value?: (field: Field) => Complaint
  /** Of a key that a map does not have. */
  readonly key?: (key: string, field: Field) => Complaint
  /** Of a map that lacks a key. */
  readonly missing?: (field: Field) => Complaint
  /** Which member of a union is meant, or why none. */
  readonly pick?: (field: Field) => number | Complaint
}

const saysId = Symbol.for("fabrik/appspec/Says")

export const saidBy = (annotated: AST.Annotated): Says | undefined =>
  Option.getOrUndefined(AST.getAnnotation<Says>(annotated, saysId))

const says = (said: Says) => ({ [saysId]: said })

/** What an editor shows of a key. */
interface Docs {
  /** Plain text, one sentence or two, without a full stop. */
  readonly description: string
  /** Said where the default is no constant. */
  readonly absent?: string
  readonly examples?: ReadonlyArray<string | number>
}

interface TextDocs extends Docs {
  /** What every text that is taken matches, as far as a pattern can say it. */
  readonly pattern?: RegExp
  /** Said by an editor of a text that does not match; else it shows the description. */
  readonly otherwise?: string
  /** A number without quotes can be such a text. */
  readonly numeral?: true
  /** The hint for what is no text. */
  readonly noText?: string
}

const describe = ({ description, absent, examples }: Docs) => ({
  description: absent === undefined ? description : `${description}. Default: ${absent}`,
  ...(examples === undefined ? {} : { examples })
})

/** Editors show the message in place of the pattern. */
export const patterned = (pattern: RegExp, otherwise: string) => ({
  pattern: pattern.source,
  patternErrorMessage: otherwise
})

export type Scalar = string | number | boolean | Unquoted

const Scalar = Schema.declare(
  (input): input is Scalar =>
    typeof input === "string" ||
    typeof input === "number" ||
    typeof input === "boolean" ||
    input instanceof Unquoted,
  { identifier: "Scalar" }
)

const valueOf = (scalar: Scalar) => (scalar instanceof Unquoted ? scalar.value : scalar)
const textOf = (scalar: Scalar) => (scalar instanceof Unquoted ? scalar.text : String(scalar))

const noValue = "give it a value or remove the key"

export const wrongKind = ({ node, path }: Field, wanted: string, hint?: string): Complaint =>
  node._tag === "Null"
    ? { message: `\`${path}\` has no value`, hint: noValue }
    : { message: `\`${path}\` must be ${wanted}, not ${kindOf(node)}`, hint }

export type Rule<A> = (text: string) => Either.Either<A, Complaint>

/** A block of one scalar, which `read` takes or complains about; `other` is said of what is no scalar. */
export const scalar = <A>(options: {
  readonly to: Schema.Schema<A>
  readonly json: object
  readonly read: (given: Scalar) => Either.Either<A, (field: Field) => Complaint>
  readonly write: (value: A) => Scalar
  readonly other: (field: Field) => Complaint
}): Schema.Schema<A, Scalar> =>
  Schema.transformOrFail(Scalar, options.to, {
    strict: true,
    decode: (given, _, ast) => Either.mapLeft(options.read(given), () => new ParseResult.Type(ast, given)),
    encode: (value) => ParseResult.succeed(options.write(value))
  }).annotations({
    jsonSchema: options.json,
    ...says({
      value: (field) => {
        if (field.node._tag !== "Scalar") return options.other(field)
        const result = options.read(scalarOf(field.node))
        return Either.isLeft(result) ? result.left(field) : options.other(field)
      }
    })
  })

/** A scalar of the tree as the blocks take it. */
export const scalarOf = ({ text, value }: Extract<Field["node"], { _tag: "Scalar" }>): Scalar =>
  typeof value === "string" ? value : new Unquoted(text, value)

/** A text that `rule` takes, in the rule's own form; an unquoted number is taken as it is written. */
export const parsed = <A>(
  docs: TextDocs,
  to: Schema.Schema<A>,
  rule: Rule<A>,
  write: (value: A) => string
): Schema.Schema<A, Scalar> =>
  scalar({
    to,
    json: {
      type: docs.numeral === true ? ["string", "number"] : "string",
      ...describe(docs),
      ...(docs.pattern === undefined
        ? { minLength: 1 }
        : patterned(docs.pattern, docs.otherwise ?? docs.description))
    },
    read: (given) => {
      if (typeof valueOf(given) === "boolean")
        return Either.left((field) => wrongKind(field, "text", "put quotes around it"))
      const text = textOf(given)
      return text === ""
        ? Either.left(({ path }) => ({ message: `\`${path}\` is empty`, hint: noValue }))
        : Either.mapLeft(rule(text), (complaint) => () => complaint)
    },
    write,
    other: (field) => wrongKind(field, "text", docs.noText)
  })

export const text = (docs: TextDocs, rule: Rule<string>): Schema.Schema<string, Scalar> =>
  parsed(docs, Schema.String, rule, (value) => value)

export const matching = (docs: TextDocs & { readonly pattern: RegExp }, complaint: Complaint) =>
  text({ ...docs, otherwise: complaint.message }, (value) =>
    docs.pattern.test(value) ? Either.right(value) : Either.left(complaint)
  )

/** Text, a number or a boolean: what is written. */
export const anyScalar = (docs: Docs, other: (field: Field) => Complaint) =>
  scalar({
    to: Schema.String,
    json: { type: ["string", "number", "boolean"], ...describe(docs) },
    read: (given) => Either.right(textOf(given)),
    write: (value) => value,
    other
  })

/** A whole number, quoted or not. */
export const integer = ({ min, max, unit }: Range, docs: Docs): Schema.Schema<number, Scalar> => {
  const wanted = `a whole number${unit === "" ? "" : ` of ${unit}`} from ${min} to ${max}`
  return scalar({
    to: Schema.Number,
    json: {
      type: ["integer", "string"],
      minimum: min,
      maximum: max,
      ...patterned(/^\d{1,9}$/, wanted),
      ...describe(docs)
    },
    read: (given) => {
      const value = valueOf(given)
      if (typeof value === "boolean") return Either.left((field) => wrongKind(field, wanted))
      const number = typeof value === "number" ? value : /^\d{1,9}$/.test(value) ? Number(value) : NaN
      if (Number.isInteger(number) && number >= min && number <= max) return Either.right(number)
      const hint =
        unit === "seconds" && /^\d+ *s/.test(textOf(given))
          ? "write the number alone: it is in seconds"
          : undefined
      return Either.left(({ path }) => ({ message: `\`${path}\` must be ${wanted}`, hint }))
    },
    write: (value) => value,
    other: (field) => wrongKind(field, wanted)
  })
}

export const seconds = (range: Range, docs: Docs): Schema.Schema<Duration.Duration, Scalar> =>
  Schema.transform(integer(range, docs), Schema.DurationFromSelf, {
    strict: true,
    decode: (value) => Duration.seconds(value),
    encode: (value) => Duration.toSeconds(value)
  })

export const flag = (docs: Docs): Schema.Schema<boolean, Scalar> =>
  scalar({
    to: Schema.Boolean,
    json: { type: "boolean", ...describe(docs) },
    read: (given) => {
      const value = valueOf(given)
      return typeof value === "boolean"
        ? Either.right(value)
        : Either.left((field) => wrongKind(field, "true or false", "write true or false, without quotes"))
    },
    write: (value) => value,
    other: (field) => wrongKind(field, "true or false", "write true or false, without quotes")
  })

/** One of a few words. */
export const choice = <const A extends string>(
  options: readonly [A, ...ReadonlyArray<A>],
  docs: Docs,
  unknown?: (word: string) => Complaint
): Schema.Schema<A, Scalar> =>
  scalar<A>({
    to: Schema.Literal(...options),
    json: { type: "string", enum: options, ...describe(docs) },
    read: (given) => {
      if (typeof valueOf(given) === "boolean")
        return Either.left((field) => wrongKind(field, "text", "put quotes around it"))
      const word = textOf(given)
      const found = options.find((option) => option === word)
      if (found !== undefined) return Either.right(found)
      if (word === "") return Either.left(({ path }) => ({ message: `\`${path}\` is empty`, hint: noValue }))
      const near = nearest(word, options)
      return Either.left(
        ({ path }) =>
          unknown?.(word) ?? {
            message: `unknown \`${path}\` ${quote(word)}`,
            hint: near === undefined ? `one of: ${options.join(", ")}` : `did you mean \`${near}\`?`
          }
      )
    },
    write: (value) => value,
    other: (field) => wrongKind(field, "text")
  })

/** What is said of keys that a map does not have. */
export interface OtherKeys {
  /** Keys of later versions: refused, never ignored. */
  readonly later?: ReadonlyArray<string>
  /** Hints for keys that other tools put here. */
  readonly elsewhere?: Readonly<Record<string, string>>
}

/** Said of what a later version will do. */
const later = (path: string): Complaint => ({
  message: `${quote(path)} is not supported by this version yet`,
  hint: "remove it"
})

export const unknownKey =
  (keys: ReadonlyArray<string>, others: OtherKeys) =>
  (key: string, { path }: Field): Complaint => {
    if (others.later?.includes(key) === true) return later(path)
    const near = nearest(key, keys)
    const elsewhere = new Map(Object.entries(others.elsewhere ?? {})).get(key)
    return {
      message: `unknown key ${quote(keyName(key))}`,
      hint: elsewhere ?? (near === undefined ? `known keys: ${keys.join(", ")}` : `did you mean \`${near}\`?`)
    }
  }

interface MapDocs extends OtherKeys {
  readonly title?: string
  readonly description?: string
  /** Of a value that is no map. */
  readonly hint?: string
  readonly key?: Says["key"]
  readonly missing?: Says["missing"]
  /** Of keys that do not go together: what the map may not be. A rule of the section says why. */
  readonly never?: ReadonlyArray<Together>
}

/** Values of keys that are all there, as JSON Schema. */
type Together = Readonly<Record<string, object>>

const notTogether = (never: ReadonlyArray<Together>) => ({
  not: {
    anyOf: never.map((properties) => ({ type: "object", required: Object.keys(properties), properties }))
  }
})

export const map = <F extends Schema.Struct.Fields>(fields: F, docs: MapDocs) =>
  Schema.Struct(fields).annotations({
    ...(docs.title === undefined ? {} : { title: docs.title }),
    ...(docs.description === undefined ? {} : { description: docs.description }),
    ...(docs.never === undefined ? {} : { jsonSchema: notTogether(docs.never) }),
    ...says({
      value: (field) => wrongKind(field, "a map", docs.hint),
      key: docs.key ?? unknownKey(Object.keys(fields), docs),
      ...(docs.missing === undefined ? {} : { missing: docs.missing })
    })
  })

/** A map whose keys are the user's own, each like `pattern`. */
export const record = <A, I>(
  pattern: RegExp,
  value: Schema.Schema<A, I>,
  docs: { readonly description: string; readonly keyForm?: string } & Required<Pick<Says, "value" | "key">>
) =>
  Schema.Record({
    key: Schema.String.pipe(
      Schema.pattern(pattern, { jsonSchema: patterned(pattern, docs.keyForm ?? nameForm) })
    ),
    value
  }).annotations({
    description: docs.description,
    ...says(docs)
  })

/** A list in which nothing stands twice. */
export const list = <A, I>(
  item: Schema.Schema<A, I>,
  docs: { readonly description: string; readonly hint: string }
) =>
  Schema.Array(item).annotations({
    description: docs.description,
    jsonSchema: { uniqueItems: true },
    ...says({ value: (field) => wrongKind(field, "a list", docs.hint) })
  })

/** One of several forms; `pick` tells by its keys which of them is meant, so that only this one complains. */
export const oneOf = <const Members extends ReadonlyArray<Schema.Schema.All>>(
  members: Members,
  pick: Required<Says>["pick"],
  docs: { readonly description: string }
) => Schema.Union(...members).annotations({ description: docs.description, ...says({ pick }) })

export const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** A map or a list: with nothing in it (`env:`) it is absent. */
export const section = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { exact: true, nullable: true })

/** Absent, it is as if `value` were written; on the way back it is left out then. */
export const defaulted = <A>(schema: Schema.Schema<A, Scalar>, value: Exclude<Scalar, Unquoted>) => {
  const json = Option.getOrElse(AST.getJSONSchemaAnnotation(jsonSource(schema.ast)), () => ({}))
  const written = schema.annotations({ jsonSchema: { ...json, default: value } })
  const usual = () => Schema.decodeSync(written)(value)
  return Schema.optionalToRequired(written, Schema.typeSchema(schema), {
    decode: Option.getOrElse(usual),
    encode: (found) => (Equal.equals(found, usual()) ? Option.none() : Option.some(found))
  })
}

/** Where a block built on another one has its JSON Schema. */
const jsonSource = (ast: AST.AST): AST.AST =>
  AST.isTransformation(ast) && Option.isNone(AST.getJSONSchemaAnnotation(ast)) ? jsonSource(ast.from) : ast
