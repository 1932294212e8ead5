/** Specs with the environment's values in place of `${env.NAME}`, for commands that carry them out. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { allowList, isOwnCredential } from "../secrets/FileSecretStore.ts"
import { referencedIn } from "../appspec/Interpolate.ts"
import { parseWhole } from "../appspec/LoadSpec.ts"
import { onlyOf, parseSpecs } from "../appspec/ParseSpec.ts"
import { SpecError } from "../appspec/SpecError.ts"

/**
 * The same as {@link parseSpecs}, with the values that this run's environment has, and what stands in the files beside the
 * spec, where those are to be read.
 */
export const parseAllWithEnvironment = Effect.fn("parseAllWithEnvironment")(function* (
  text: string,
  file: string,
  { readsFiles }: { readonly readsFiles: boolean } = { readsFiles: true }
) {
  const read = (name: string) =>
    Config.option(Config.string(name)).pipe(
      Effect.orElseSucceed(() => Option.none<string>()),
      // The default provider looks names up in an object: `constructor` is a function there.
      Effect.map(Option.filter(Predicate.isString))
    )
  const allowed = Option.map(yield* read(allowList), (names) => names.split(/[\s,]+/))
  const environment = new Map<string, string>()
  for (const name of referencedIn(text)) {
    const value = yield* read(name)
    if (Option.isNone(value)) continue
    const isKept = isOwnCredential(name) || Option.exists(allowed, (names) => !names.includes(name))
    if (isKept) {
      const why = isOwnCredential(name) ? "is fabrik's own" : `is not in ${allowList}`
      return yield* new SpecError({
        file,
        problems: [
          {
            line: lineOf(text, name),
            column: 1,
            path: "env",
            message: `\`\${env.${name}}\` ${why}, and not handed to an application`,
            hint: "whoever writes a spec would otherwise get whatever the environment holds"
          }
        ]
      })
    }
    environment.set(name, value.value)
  }
  return yield* readsFiles ? parseWhole(text, file, environment) : parseSpecs(text, file, environment)
})

/** The same as {@link parseAllWithEnvironment}, of a spec for one application. */
export const parseWithEnvironment = Effect.fn("parseWithEnvironment")(function* (
  text: string,
  file: string,
  options?: { readonly readsFiles: boolean }
) {
  return yield* onlyOf(text, file)(yield* parseAllWithEnvironment(text, file, options))
})

const lineOf = (text: string, name: string): number =>
  text.slice(0, text.indexOf(`\${env.${name}}`)).split("\n").length
