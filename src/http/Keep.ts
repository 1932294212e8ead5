import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

/** What is kept of a value: all of it, or of an object these fields and of a list this much of each element. */
export type Keep = "whole" | KeepParts

export interface KeepParts {
  readonly fields: ReadonlyMap<string, Keep>
  /** Of the fields that `fields` does not name; without it they are dropped. */
  readonly rest?: Keep | undefined
  /** Of the elements, should it be a list; without it a list is kept whole. */
  readonly items?: Keep | undefined
}

/** What a schema needs of the JSON that it decodes: the fields that it names, all of what it calls unknown. */
export const keepOf = <A, I>({ ast }: Schema.Schema<A, I>): Keep => {
  const keep = known.get(ast) ?? neededBy(SchemaAST.encodedAST(ast)) ?? "whole"
  known.set(ast, keep)
  return keep
}

/** A client asks for the same few schemas with every request. */
const known = new WeakMap<SchemaAST.AST, Keep>()

/** `undefined` is a scalar: nothing of an object or list. */
const neededBy = (ast: SchemaAST.AST): Keep | undefined => {
  switch (ast._tag) {
    case "TypeLiteral":
      return {
        fields: new Map(
          ast.propertySignatures.map(({ name, type }) => [String(name), neededBy(type) ?? "whole"])
        ),
        rest: either(ast.indexSignatures.map(({ type }) => neededBy(type) ?? "whole"))
      }
    case "TupleType":
      return {
        fields: new Map(),
        items: either([...ast.elements, ...ast.rest].map(({ type }) => neededBy(type) ?? "whole")) ?? "whole"
      }
    case "Union":
      return either(ast.types.map(neededBy))
    case "Suspend":
      return neededBy(ast.f())
    case "UnknownKeyword":
    case "AnyKeyword":
    case "ObjectKeyword":
      return "whole"
    default:
      return undefined
  }
}

/** What is needed when it may be any of these. */
const either = (keeps: ReadonlyArray<Keep | undefined>): Keep | undefined =>
  keeps.reduce<Keep | undefined>(
    (so, keep) =>
      so === undefined
        ? keep
        : keep === undefined
          ? so
          : so === "whole" || keep === "whole"
            ? "whole"
            : both(so, keep),
    undefined
  )

const both = (one: KeepParts, other: KeepParts): KeepParts => ({
  fields: new Map(
    [...one.fields.keys(), ...other.fields.keys()].map((name) => [
      name,
      either([one.fields.get(name), other.fields.get(name)]) ?? "whole"
    ])
  ),
  rest: either([one.rest, other.rest]),
  items: either([one.items, other.items])
})
