/** `needs`: which specs go before this one. */
import { list, matching } from "../Form.ts"
import { namePattern } from "../Limits.ts"

export const Needs = list(
  matching(
    { description: "The name of another spec", examples: ["api"], pattern: namePattern, numeral: true },
    { message: "this is no name of a spec", hint: "the `name` that another spec has, e.g. `api`" }
  ),
  {
    description:
      "Names of specs that have to stand before this one, where one command is given several: `fabrik apply specs/`",
    hint: "one name per line, each behind a `-`"
  }
)

/** Each once, and no empty list. */
export const needsIn = (
  given: ReadonlyArray<string> | undefined
): { readonly needs?: ReadonlyArray<string> } =>
  given === undefined || given.length === 0 ? {} : { needs: [...new Set(given)] }
